#!/usr/bin/env bash
# s3server.sh [cached]: the S3 server of the tests, as tools/s3server pins it, in
# .cache/bin/minio. It is never shipped. Building it takes about three minutes of
# processor time and 110 MB; with "cached" it is left alone where it is not there,
# and the tests that need it are skipped by name.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

binary="$TOOLS_BIN/minio"
key=$(cat "$ROOT/tools/s3server/go.mod" "$ROOT/tools/s3server/go.sum" "$0" | sha256sum | cut -d' ' -f1)-$(go env GOVERSION)
if fresh s3server "$key" && [ -x "$binary" ]; then
  exit 0
fi
if [ "${1:-}" = cached ]; then
  # One of another pin is no server of these tests.
  rm -f "$binary"
  exit 0
fi
mkdir -p "$TOOLS_BIN"
cd "$ROOT/tools/s3server"
say "building the S3 server of the tests into .cache/bin"
go build -trimpath -ldflags '-s -w' -o "$binary" github.com/minio/minio
stamp s3server "$key"
