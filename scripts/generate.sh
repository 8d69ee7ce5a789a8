#!/usr/bin/env bash
# generate.sh [--check]: everything that is generated from a source in this
# tree: protocol types for Go and TypeScript, and what `go generate` makes.
# --check fails when generating changed a tracked file; the new text is left in
# place, so the cure is to look at it and commit it.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
"$ROOT/scripts/web.sh" deps
buf="$ROOT/web/node_modules/.bin/buf"

# state: content of all generated files, by hash.
state() {
  find internal/wire web/src/wire docs -type f \
    \( -name '*.pb.go' -o -name '*_pb.ts' -o -name '*.md' \) -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum
}

before=$(state)
(cd internal/wire && "$buf" lint && "$buf" generate)
go generate ./...
after=$(state)

if [ "${1:-}" = --check ] && [ "$before" != "$after" ]; then
  warn "generated files were not up to date:"
  diff <(printf '%s\n' "$before") <(printf '%s\n' "$after") | awk '/^>/ {print "  " $3}' >&2 || true
  exit 1
fi
