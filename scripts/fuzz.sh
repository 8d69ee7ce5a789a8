#!/usr/bin/env bash
# fuzz.sh [DURATION]: every fuzz target of the tree for DURATION each (default
# 30s). A found input lands in the package's testdata and stays there.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

duration=${1:-30s}
cd "$ROOT"
failed=0
while IFS=: read -r file target; do
  package=./$(dirname "$file")
  say "fuzz $package $target $duration"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" "$package" || failed=1
done < <(git ls-files -co --exclude-standard -- '*_test.go' |
  xargs grep -oE '^func Fuzz[A-Za-z0-9_]+' | sed 's/func //')
exit $failed
