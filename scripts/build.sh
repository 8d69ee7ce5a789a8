#!/usr/bin/env bash
# build.sh: bin/phientoa, with what stands in web/dist inside, and
# bin/phientoa-verify. It needs no C compiler; the flags of compilation are those
# of the tests, so that they share a build cache.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
CGO_ENABLED=0 go build -o bin/phientoa ./cmd/phientoa
# What a stranger is given to check a file with: nothing but the verifier. The tag
# leaves out what records and seals, which shares packages with what checks it.
CGO_ENABLED=0 go build -tags verifier -ldflags='-s -w' -o bin/phientoa-verify ./cmd/phientoa-verify
