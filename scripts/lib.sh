#!/usr/bin/env bash
# Shared by the scripts of this folder: where things stand, and small helpers.
# Sourced, never run.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE="$ROOT/.cache"
TOOLS_BIN="$CACHE/bin"
export ROOT CACHE TOOLS_BIN
# The product's binary needs no C compiler; only the race detector does, and
# scripts/gotest.sh asks for it there.
export CGO_ENABLED=${CGO_ENABLED:-0}
# The toolchain is the one that is installed: a build never downloads another.
export GOTOOLCHAIN=${GOTOOLCHAIN:-local}
mkdir -p "$CACHE"

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# tree_hash DIR...: one hash over names and contents, without what is built.
tree_hash() {
  (cd "$ROOT" && find "$@" \
    \( -name node_modules -o -name dist -o -name results -o -name test-results \) -prune \
    -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
}

# fresh NAME HASH: true when the stamp NAME says that HASH was done already.
fresh() { [ -f "$CACHE/stamp-$1" ] && [ "$(cat "$CACHE/stamp-$1")" = "$2" ]; }
stamp() { printf '%s\n' "$2" >"$CACHE/stamp-$1"; }
