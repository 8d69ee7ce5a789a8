#!/usr/bin/env bash
# lint.sh: golangci-lint with the import bans of docs/architecture.md, go.mod, and
# the length of files. The shell scripts have scripts/shell.sh.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
"$ROOT/scripts/tools.sh"
failed=0
# Another worktree of this machine may be linting too.
"$TOOLS_BIN/golangci-lint" run --allow-parallel-runners ./... || failed=1
go mod tidy -diff || failed=1
"$ROOT/scripts/filelength.sh" || failed=1
exit $failed
