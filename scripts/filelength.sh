#!/usr/bin/env bash
# filelength.sh: no source file over 600 lines (a file is one idea, about 400).
# Generated and test files stand apart.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

limit=600
cd "$ROOT"
bad=$(git ls-files -co --exclude-standard -- '*.go' '*.ts' '*.tsx' '*.py' '*.sh' '*.css' |
  grep -vE '_test\.go$|\.test\.tsx?$|\.spec\.ts$|\.pb\.go$|_pb\.ts$' |
  while IFS= read -r file; do
    [ -f "$file" ] || continue
    lines=$(wc -l <"$file")
    [ "$lines" -le "$limit" ] || printf '%6d %s\n' "$lines" "$file"
  done)
if [ -n "$bad" ]; then
  printf 'over %d lines, each probably holds two ideas:\n%s\n' "$limit" "$bad" >&2
  exit 1
fi
