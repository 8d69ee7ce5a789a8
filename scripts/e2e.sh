#!/usr/bin/env bash
# e2e.sh check: types, lint and format of test/e2e.
# e2e.sh run [playwright arguments]: the end-to-end tests against bin/phientoa,
# inside a network namespace of their own where that is possible: no port of this
# machine is touched, no address outside can be reached, and Firefox finds an
# address to offer. Elsewhere they run on loopback and Firefox is skipped by name.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

bin="$ROOT/web/node_modules/.bin"

check() {
  cd "$ROOT/test/e2e"
  "$bin/tsc" -p .
  "$bin/oxlint" --type-aware --deny-warnings ./*.ts support/*.ts
  "$bin/biome" format .
}

run() {
  local play=("$bin/playwright" test --config "$ROOT/test/e2e/playwright.config.ts" "$@")
  cd "$ROOT/test/e2e"
  if "$ROOT/scripts/netns.sh" possible; then
    "$ROOT/scripts/netns.sh" exec -- "${play[@]}"
  else
    "${play[@]}"
  fi
}

case "${1:-}" in
  check) check ;;
  run)
    shift
    run "$@"
    ;;
  *) die "usage: e2e.sh check | run [playwright arguments]" ;;
esac
