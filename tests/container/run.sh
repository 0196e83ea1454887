#!/usr/bin/env bash
# Builds the Dockerfile and runs what comes of it, on a Debian machine that reaches no registry of images.
#
# As root, with Debian's buildah and debootstrap, and a Rust toolchain at hand. The two base images are made here: a
# minimal Debian, and the same with the toolchain in it. The result runs as its own user, with no capability, on a root
# that cannot be written to: it has to serve, be healthy, and end with 0 when asked to.
set -euo pipefail
cd "$(dirname "$0")/../.."

export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
work=$(mktemp -d)
base=$(sed -n 's/^FROM \(debian:[^ ]*\)$/\1/p' Dockerfile)
rust=$(sed -n 's/^FROM \(rust:[^ ]*\) AS build$/\1/p' Dockerfile)
step() { printf '\n== %s (%ss)\n' "$*" "$SECONDS"; }

step "base images: $base, $rust"
suite=${base#debian:}
debootstrap --variant=minbase "${suite%-slim}" "$work/debian" >"$work/debootstrap.log"
container=$(buildah from scratch)
buildah add --quiet "$container" "$work/debian" / >/dev/null
buildah commit --quiet "$container" "docker.io/library/$base" >/dev/null
buildah add --quiet "$container" "$(rustc --print sysroot)" /usr/local/rust >/dev/null
# The host's authorities, for cargo alone: the second stage installs its own.
buildah add --quiet "$container" /etc/ssl/certs/ca-certificates.crt /usr/local/rust/ca.crt >/dev/null
buildah config --env PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --env CARGO_HOME=/usr/local/cargo --env CARGO_HTTP_CAINFO=/usr/local/rust/ca.crt "$container"
buildah commit --quiet "$container" "docker.io/library/$rust" >/dev/null
buildah rm "$container" >/dev/null
rm -rf "$work/debian"

step "the Dockerfile"
buildah bud --pull-never --format docker --tag tributary .
buildah images --format '{{.Name}} {{.Size}}' | grep tributary

step "a read-only root, the image's own user, no capability"
container=$(buildah from --pull-never tributary)
root=$(buildah mount "$container")
config() { buildah inspect --type image --format "{{range .OCIv1.Config.$1}}{{println .}}{{end}}" tributary; }
mapfile -t environment < <(config Env | grep .)
mapfile -t command < <(config Entrypoint | grep . && config Cmd | grep .)
user=$(buildah inspect --type image --format '{{.OCIv1.Config.User}}' tributary)
[ "$user" = 65532:65532 ]
install -d -o 65532 -g 65532 -m 0700 "$work/data"
install -d "$work/config"
cat >"$work/config/feeds.toml" <<'TOML'
[polling]
allow_private_networks = true
[[source]]
id = "nobody"
url = "http://127.0.0.1:9/feed"
[[edition]]
id = "main"
title = "In a container"
TOML
# What a container is to the program: its own view of the files, of which only /data can be written.
cat >"$work/inside" <<'SH'
set -e
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --bind "$work/data" "$root/data"
mount --bind "$work/config" "$root/config"
exec chroot "$root" setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
    "$@"
SH
# In place of the shell that calls it, so that a signal reaches the program.
inside() { root="$root" work="$work" exec unshare --mount bash "$work/inside" "$@"; }
inside env -i "${environment[@]}" "${command[@]}" >"$work/out" 2>"$work/log" &
daemon=$!
for _ in $(seq 100); do
    if curl --silent --fail http://127.0.0.1:8080/healthz >/dev/null; then break; fi
    sleep 0.1
done
curl --silent --fail http://127.0.0.1:8080/main.atom | grep -q '<title>In a container</title>'
(inside env -i "${environment[@]}" "${command[0]}" healthcheck)
if (inside touch /tmp/written 2>/dev/null); then echo "the root can be written to"; exit 1; fi
cat "$work/out"
kill -TERM "$daemon"
code=0
wait "$daemon" || code=$?
[ "$code" = 0 ] || { cat "$work/log"; echo "it ended with $code"; exit 1; }

buildah umount "$container" >/dev/null
buildah rm "$container" >/dev/null
rm -rf "$work"
step "served, healthy, ended with 0"
