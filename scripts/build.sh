#!/usr/bin/env bash
# build.sh: bin/phientoa, with what stands in web/dist inside. It needs no C
# compiler and names no folder of the machine that built it.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
CGO_ENABLED=0 go build -trimpath -o bin/phientoa ./cmd/phientoa
