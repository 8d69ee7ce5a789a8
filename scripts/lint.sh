#!/usr/bin/env bash
# lint.sh: golangci-lint with the import bans of docs/architecture.md, the
# length of files, and the shell scripts.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
"$ROOT/scripts/tools.sh"
failed=0
"$TOOLS_BIN/golangci-lint" run ./... || failed=1
"$ROOT/scripts/filelength.sh" || failed=1
if have shellcheck; then
  git ls-files -co --exclude-standard -- '*.sh' .ci/run | xargs -r shellcheck -x || failed=1
else
  warn "shellcheck is not installed: scripts are not checked"
fi
exit $failed
