#!/usr/bin/env bash
# vuln.sh: known vulnerabilities that our code can reach. The database is a
# folder in the layout of https://go.dev/doc/security/vuln/database (OSV):
# PHIENTOA_VULNDB, or shared/data/vulndb/osv beside the clone. Exit code 77 means
# that there is neither and nothing was checked.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
db=${PHIENTOA_VULNDB:-}
if [ -z "$db" ]; then
  for dir in "$ROOT/../shared/data/vulndb/osv" "$ROOT/../../shared/data/vulndb/osv"; do
    [ -d "$dir" ] && db=$dir && break
  done
fi
if [ -z "$db" ]; then
  say "skipped: no vulnerability database beside the clone and PHIENTOA_VULNDB is not set"
  exit 77
fi
"$ROOT/scripts/tools.sh"
"$TOOLS_BIN/govulncheck" -db "file://$(cd "$db" && pwd)" ./...
