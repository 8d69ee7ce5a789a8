#!/usr/bin/env bash
# sbom.sh [BINARY [OUT]]: what the binary is made of, as CycloneDX 1.5 JSON: every Go
# module that is linked into it, the standard library, and every npm package whose
# code may be in the embedded web application. Nothing is fetched; the same binary
# gives the same bytes.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

binary=${1:-$ROOT/bin/phientoa}
out=${2:-$ROOT/dist/sbom.json}
[ -f "$binary" ] || die "$binary is not there: make build"
mkdir -p "$(dirname "$out")"
go version -m "$binary" | node "$ROOT/scripts/sbom.mjs" "$ROOT/web" >"$out.part"
mv "$out.part" "$out"
say "$out"
