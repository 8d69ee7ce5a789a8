#!/usr/bin/env bash
# shell.sh: the shell scripts. Exit code 77 means that shellcheck is missing and
# nothing was checked.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
if ! have shellcheck; then
  say "skipped: shellcheck is not installed"
  exit 77
fi
git ls-files -co --exclude-standard -- '*.sh' .ci/run | xargs -r shellcheck -x
