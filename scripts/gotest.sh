#!/usr/bin/env bash
# gotest.sh plain|race [go test flags]: the Go tests in two runs. Packages that
# live from concurrency run under the race detector; the rest without it, which
# is several times faster. Totals go to .cache/test/go-KIND.json.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

kind=${1:?plain or race}
shift
cd "$ROOT"
"$ROOT/scripts/tools.sh"
mkdir -p "$CACHE/test"

# The bench is a measuring instrument: under the race detector it measures that.
concurrent='^phientoa/(sfu|signaling|recording|internal/(ledger|signer|courtkey|simpoint|auth))(/|$)'
mapfile -t all < <(go list ./... | grep -v /node_modules/)
# Backwards, which begins with those that take longest.
mapfile -t race < <(printf '%s\n' "${all[@]}" | grep -E "$concurrent" | grep -vE '^phientoa/sfu/bench(/|$)' | sort -r)
mapfile -t plain < <(comm -23 <(printf '%s\n' "${all[@]}" | sort) <(printf '%s\n' "${race[@]}" | sort))

# vet is part of the linter's run, over the same files.
flags=(-vet=off -timeout "$([ -n "${RAPID_CHECKS:-}" ] && echo 60m || echo 10m)")
packages=("${plain[@]}")
if [ "$kind" = race ]; then
  if ! have gcc; then
    warn "gcc is missing: the concurrent packages run without the race detector"
  else
    export CGO_ENABLED=1
    flags+=(-race -tags pkcs11) # both need a C compiler
    # SQLite is C translated to Go: watched for races, and each of its pointers
    # checked, it takes three times the time of our own code and tells nothing of it.
    # The same of arithmetic with keys, which shares nothing with anybody.
    for library in modernc.org/... crypto/internal/fips140/{edwards25519,nistec,bigmod}/...; do
      flags+=("-gcflags=$library=-race=false -d=checkptr=0")
    done
  fi
  packages=("${race[@]}")
fi

run() { # run NAME ARGUMENTS...: one report for each call
  local report=$1
  shift
  "$TOOLS_BIN/gotestsum" --format pkgname-and-test-fails --hide-summary=skipped \
    --jsonfile "$CACHE/test/$report.json" -- "$@"
}

failed=0
if [ "$kind" = plain ]; then
  mapfile -t files < <(grep -rlx '//go:build !race' --include='*_test.go' recording signaling sfu internal |
    xargs grep -l '^func Test')
  names=$(grep -hoE '^func Test[A-Za-z0-9_]+' "${files[@]}" | sed 's/func //' | paste -sd'|')
  mapfile -t folders < <(dirname "${files[@]}" | sort -u | sed 's|^|./|')
  run go-plain-alone "${flags[@]}" "$@" -run "^($names)\$" "${folders[@]}" || failed=$?
fi
run "go-$kind" "${flags[@]}" "$@" "${packages[@]}" || failed=$?
exit "$failed"
