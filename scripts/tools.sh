#!/usr/bin/env bash
# tools.sh: the Go tools that tools/go.mod pins, built once into .cache/bin.
# The linter alone takes about a minute, which is why nothing runs it through
# `go tool` each time.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

key=$(cat "$ROOT/tools/go.mod" "$ROOT/tools/go.sum" "$0" | sha256sum | cut -d' ' -f1)-$(go env GOVERSION)
if fresh tools "$key" && [ -x "$TOOLS_BIN/golangci-lint" ]; then
  exit 0
fi
mkdir -p "$TOOLS_BIN"
cd "$ROOT"
say "building the pinned tools into .cache/bin"
go build -modfile=tools/go.mod -o "$TOOLS_BIN/" tool
stamp tools "$key"
