#!/usr/bin/env bash
# Do real readers show an entry twice? Six of them subscribe to a running daemon and poll it again after a translation
# joined, a merge, a split and a restart: feedparser, newsboat, sfeed, lemon24's reader, rss-parser and feedsmith. What is
# published is validated each time. docs/CLIENTS.md has the table that it prints.
#
#   tests/clients/run.sh            needs cargo, python3, node and npm, Debian's newsboat, sfeed and libxml2-utils
#                                   (installed by root where they are missing), PyPI and npm; TRIBUTARY=path takes another binary
#
# All of it on loopback, in temporary folders; CLIENTS=folder keeps what is installed from PyPI and npm.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v newsboat >/dev/null || ! command -v sfeed_update >/dev/null || ! command -v xmllint >/dev/null; then
    apt-get update -q && apt-get install -y -q --no-install-recommends newsboat sfeed libxml2-utils
fi
kept=${CLIENTS:-$(mktemp -d)}
[ -n "${CLIENTS:-}" ] || trap 'rm -rf "$kept"' EXIT
[ -x "$kept/venv/bin/python" ] || { python3 -m venv "$kept/venv"; "$kept/venv/bin/pip" install --quiet feedparser reader sgmllib3k jsonschema lxml; }
[ -d "$kept/node_modules/feedsmith" ] || npm install --silent --no-audit --no-fund --prefix "$kept" rss-parser feedsmith
if [ -z "${TRIBUTARY:-}" ]; then
    cargo build --locked --release --quiet
    TRIBUTARY=${CARGO_TARGET_DIR:-target}/release/tributary
fi
TRIBUTARY=$(realpath "$TRIBUTARY") NODE_PATH="$kept/node_modules" "$kept/venv/bin/python" tests/clients/scenario.py
