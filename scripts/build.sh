#!/usr/bin/env bash
# build.sh: bin/phientoa, with what stands in web/dist inside. It needs no C
# compiler; the flags are those of the tests, so that they share a build cache.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
CGO_ENABLED=0 go build -o bin/phientoa ./cmd/phientoa
