#!/usr/bin/env bash
# web.sh deps|build: node modules when the lock changed, the built application
# (web/dist, embedded into the binary) when a source changed.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

deps() {
  local key
  key=$(cat "$ROOT/web/package.json" "$ROOT/web/package-lock.json" | sha256sum | cut -d' ' -f1)
  # The stamp lies inside node_modules: whoever deletes the folder deletes it too.
  if [ -f "$ROOT/web/node_modules/.installed" ] &&
    [ "$(cat "$ROOT/web/node_modules/.installed")" = "$key" ]; then
    return
  fi
  say "npm ci (the lock changed)"
  (cd "$ROOT/web" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  printf '%s\n' "$key" >"$ROOT/web/node_modules/.installed"
}

# The verifier for the page that checks a file, with the glue of the same Go. The same
# sources give the same bytes, so that the pages are built anew only when they must.
verifier() {
  local out="$ROOT/web/src/verify/generated"
  mkdir -p "$out"
  (cd "$ROOT" && GOOS=js GOARCH=wasm go build -tags verifier -trimpath -buildvcs=false \
    -ldflags='-s -w' -o "$out/verifier.wasm" ./cmd/phientoa-verify-web)
  cmp -s "$(go env GOROOT)/lib/wasm/wasm_exec.js" "$out/wasm_exec.js" ||
    cp "$(go env GOROOT)/lib/wasm/wasm_exec.js" "$out/wasm_exec.js"
}

build() {
  local key
  verifier
  key=$(tree_hash web)
  if fresh web "$key" && [ -f "$ROOT/web/dist/index.html" ]; then
    return
  fi
  (cd "$ROOT/web" && npm run --silent build)
  stamp web "$key"
}

case "${1:-}" in
  deps) deps ;;
  build)
    deps
    build
    ;;
  *) die "usage: web.sh deps|build" ;;
esac
