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
mapfile -t race < <(printf '%s\n' "${all[@]}" | grep -E "$concurrent" | grep -vE '^phientoa/sfu/bench(/|$)')
mapfile -t plain < <(comm -23 <(printf '%s\n' "${all[@]}" | sort) <(printf '%s\n' "${race[@]}" | sort))

flags=(-timeout "$([ -n "${RAPID_CHECKS:-}" ] && echo 60m || echo 10m)")
packages=("${plain[@]}")
if [ "$kind" = race ]; then
  if ! have gcc; then
    warn "gcc is missing: the concurrent packages run without the race detector"
  else
    export CGO_ENABLED=1
    flags+=(-race -tags pkcs11) # both need a C compiler
    # SQLite is C translated to Go: watched for races, and each of its pointers
    # checked, it takes three times the time of our own code and tells nothing of it.
    flags+=('-gcflags=modernc.org/...=-race=false -d=checkptr=0')
  fi
  packages=("${race[@]}")
fi
if [ "${#packages[@]}" -eq 0 ]; then
  say "no packages of kind $kind yet"
  exit 0
fi
exec "$TOOLS_BIN/gotestsum" --format pkgname-and-test-fails --hide-summary=skipped \
  --jsonfile "$CACHE/test/go-$kind.json" -- "${flags[@]}" "$@" "${packages[@]}"
