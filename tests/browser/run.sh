#!/usr/bin/env bash
# Do the pages hold in a real browser? check.mjs over the running demo, and over the planet of tests/it/pages.rs, whose
# story has five languages, one of them right to left: at desktop and phone width, light and dark.
#
#   tests/browser/run.sh [SHOTS]     needs cargo, node and npm, Debian's chromium (installed by root where it is missing);
#                                    BROWSER_TOOLS=folder keeps what is installed from npm, TRIBUTARY=path takes another
#                                    binary
set -euo pipefail
shots=${1:+$(realpath "$1")}
cd "$(dirname "$0")/../.."

if ! command -v "${CHROMIUM:-chromium}" >/dev/null || ! command -v npm >/dev/null; then
    apt-get update -q
    command -v npm >/dev/null || apt-get install -y -q --no-install-recommends nodejs npm
    command -v "${CHROMIUM:-chromium}" >/dev/null || apt-get install -y -q --no-install-recommends chromium fonts-noto-core
fi
CHROMIUM=$(command -v "${CHROMIUM:-chromium}")
export CHROMIUM
scratch=$(mktemp -d)
tools=${BROWSER_TOOLS:-$scratch}
[ -d "$tools/node_modules/axe-core" ] || npm install --silent --no-audit --no-fund --prefix "$tools" playwright-core axe-core
if [ -z "${TRIBUTARY:-}" ]; then
    cargo build --locked --release --quiet
    TRIBUTARY=${CARGO_TARGET_DIR:-target}/release/tributary
fi
cargo test --locked --quiet --no-run --test it

# Each in a process group of its own, which is ended as a whole.
set -m
started=()
trap 'for pid in "${started[@]}"; do kill -- "-$pid" 2>/dev/null || true; done; rm -rf "$scratch"' EXIT

# Starts a planet, waits for its address, and looks at its pages.
look() {
    local name=$1 address
    shift
    "$@" >"$scratch/$name" 2>"$scratch/$name.log" &
    started+=($!)
    for _ in $(seq 600); do
        address=$(grep -oE 'http://127[.]0[.]0[.]1:[0-9]+' "$scratch/$name" 2>/dev/null | head -n 1 || true)
        [ -z "$address" ] || break
        sleep 0.1
    done
    [ -n "$address" ] || { cat "$scratch/$name.log"; exit 1; }
    echo "$name at $address"
    [ -z "$shots" ] || mkdir -p "$shots/$name"
    NODE_PATH="$tools/node_modules" node tests/browser/check.mjs "$address" ${shots:+"$shots/$name"}
}

look demo "$TRIBUTARY" demo --still
look five-languages env SHOW=127.0.0.1:0 cargo test --locked --quiet --test it -- --ignored --exact pages::show --nocapture
