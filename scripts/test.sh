#!/usr/bin/env bash
# test.sh [long]: everything that must hold before a commit is taken, in one run.
# Phases go on after a failure (one run tells everything), except where a later
# one has nothing to stand on. The end repeats what each runner said last, then a
# table of durations, then one line with the totals.
#
# PHASES="lint go-plain" runs only those named.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

long=${1:-}
results="$CACHE/test"
rm -rf "$results"
mkdir -p "$results/logs"
cd "$ROOT"
# In a long run every property is tried ten times as often, from new seeds. The gate
# of a commit walks the same stories for everybody: a counterexample that chance
# finds is looked for by who has time for it, not by whose change is waiting.
if [ "$long" = long ]; then
  export RAPID_CHECKS=${RAPID_CHECKS:-1000}
else
  export RAPID_SEED=${RAPID_SEED:-20211112}
fi

started=$SECONDS

# record NAME OUTCOME SECONDS: one line of the table at the end.
record() { printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$results/phases.tsv"; }

# ended NAME OUTCOME: true when that phase ended so.
ended() { grep -qsx "$1"$'\t'"$2"$'\t[0-9]*' "$results/phases.tsv"; }

# after NAME...: false when one of these phases failed.
after() {
  local name
  for name in "$@"; do
    if ended "$name" failed; then return 1; fi
  done
}

# phase KIND NAME COMMAND...: KIND is check (one pass or fail by itself), runner
# (writes its own report of tests), or step (counts only when it fails).
phase() {
  local kind=$1 name=$2 begin=$SECONDS code=0 outcome
  shift 2
  if [ -n "${PHASES:-}" ]; then
    case " $PHASES " in *" $name "*) ;; *) return 0 ;; esac
  fi
  printf '\n=== %s\n' "$name"
  # Not a terminal for the runners: their last lines are repeated at the end.
  "$@" 2>&1 </dev/null | tee "$results/logs/$name.log" || code=${PIPESTATUS[0]}
  case "$code" in
    0) outcome=passed ;;
    77) outcome=skipped ;;
    *) outcome=failed ;;
  esac
  if [ "$kind" = check ] || { [ "$kind" = step ] && [ "$outcome" != passed ]; } ||
    { [ "$kind" = runner ] && [ "$outcome" = skipped ]; }; then
    printf '%s\t%s\n' "$name" "$outcome" >>"$results/checks.tsv"
  fi
  # A runner that died before it could write a report has still failed.
  if [ "$kind" = runner ] && [ "$outcome" = failed ] && ! wrote_report "$name"; then
    printf '%s\tfailed\n' "$name" >>"$results/checks.tsv"
  fi
  record "$name" "$outcome" $((SECONDS - begin))
}

wrote_report() {
  case "$1" in
    go-*) [ -s "$results/$1.json" ] ;;
    web-unit) [ -s "$results/vitest.json" ] ;;
    screens | e2e | e2e-time) [ -s "$results/playwright-$1.json" ] ;;
    *) return 1 ;;
  esac
}

# without NAME REASON: a phase that cannot run here, counted as skipped.
without() {
  if [ -n "${PHASES:-}" ]; then
    case " $PHASES " in *" $1 "*) ;; *) return 0 ;; esac
  fi
  printf '\n=== %s\nskipped: %s\n' "$1" "$2" | tee "$results/logs/$1.log"
  printf '%s\tskipped\n' "$1" >>"$results/checks.tsv"
  record "$1" skipped 0
}

web_check() {
  in_web npm run --silent check && "$ROOT/scripts/e2e.sh" check
}
in_web() { (cd "$ROOT/web" && "$@"); }
unit_tests() {
  in_web npx --no-install vitest run --reporter=default \
    --reporter=json --outputFile.json="$results/vitest.json"
}
screens() {
  PLAYWRIGHT_JSON_OUTPUT_NAME="$results/playwright-screens.json" \
    in_web npx --no-install playwright test --reporter=list,json
}
# end_to_end NAME SPEC...
end_to_end() {
  local name=$1
  shift
  PHIENTOA_E2E_LONG="$long" \
    PLAYWRIGHT_JSON_OUTPUT_NAME="$results/playwright-$name.json" \
    "$ROOT/scripts/e2e.sh" run --reporter=list,json "$@"
}
# What is judged in milliseconds of real time runs when nothing else does: lip sync,
# and the end of media after a mute.
timed=(rawpeer.spec.ts record.spec.ts room.spec.ts)
hearings() {
  local spec rest=()
  for spec in "$ROOT"/test/e2e/*.spec.ts; do
    case " ${timed[*]} " in *" ${spec##*/} "*) ;; *) rest+=("${spec##*/}") ;; esac
  done
  end_to_end e2e "${rest[@]}"
}

# tail_of NAME: what that runner said last.
tail_of() {
  local log="$results/logs/$1.log"
  [ -f "$log" ] || return 0
  printf -- '--- %s\n' "$1"
  grep -vE '^[[:space:]]*$' "$log" | tail -n "${2:-4}"
}

finish() {
  local name result took
  printf '\n=== what each runner said last\n'
  for name in go-plain go-race web-unit screens e2e e2e-time; do tail_of "$name"; done
  while IFS=$'\t' read -r name result took; do
    if [ "$result" = failed ]; then tail_of "$name" 30; fi
  done <"$results/phases.tsv"
  printf '\n=== durations (e2e beside the others)\n'
  while IFS=$'\t' read -r name result took; do
    printf '%-12s %5d s  %s\n' "$name" "$took" "$result"
  done <"$results/phases.tsv"
  printf '%-12s %5d s\n\n' total $((SECONDS - started))
  node "$ROOT/scripts/totals.mjs" "$results"
}

# begin_hearings starts the end-to-end tests beside what follows: of their minutes
# they wait for the most part, for a link to come back or a database. They keep their
# process group, so that an interrupt ends their browsers too.
hearings=
begin_hearings() {
  set -m
  (phase runner e2e hearings) >"$results/logs/beside" 2>&1 </dev/null &
  hearings=$!
  set +m
  trap stop_hearings EXIT
  # What follows yields to them: they keep the time of a court, it only computes.
  renice -n 10 -p $$ >/dev/null || true
}

# stop_hearings is for a run that was broken off. Where nobody sits at a terminal an
# interrupt may be ignored from the start; then they are told the other way.
stop_hearings() {
  kill -INT -- "-$hearings" 2>/dev/null || return 0
  local _
  for _ in {1..50}; do
    kill -0 -- "-$hearings" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -TERM -- "-$hearings" 2>/dev/null || true
}

end_hearings() {
  [ -n "$hearings" ] || return 0
  wait "$hearings" || printf 'e2e\tfailed\n' >>"$results/checks.tsv"
  trap - EXIT
  cat "$results/logs/beside"
}

phase step bootstrap "$ROOT/scripts/bootstrap.sh" test
phase step tools "$ROOT/scripts/tools.sh"
# From nothing the S3 server takes minutes, so that only a long run builds it; once
# built it is used by every run.
if [ "$long" = long ]; then
  phase step s3server "$ROOT/scripts/s3server.sh"
else
  phase step s3server "$ROOT/scripts/s3server.sh" cached
fi
phase step web-deps "$ROOT/scripts/web.sh" deps
if after web-deps; then phase step web-build "$ROOT/scripts/web.sh" build; fi
phase step build "$ROOT/scripts/build.sh"
if ! have chromium; then
  without screens "chromium is not installed"
  without e2e "chromium is not installed"
  without e2e-time "chromium is not installed"
elif after web-deps web-build build; then
  begin_hearings
fi
if after web-deps; then
  phase check web-check web_check
  phase runner web-unit unit_tests
  phase check generated "$ROOT/scripts/generate.sh" --check
fi
phase check shell "$ROOT/scripts/shell.sh"
if after tools; then
  phase check lint "$ROOT/scripts/lint.sh"
  phase check vuln "$ROOT/scripts/vuln.sh"
  phase runner go-race "$ROOT/scripts/gotest.sh" race
  phase runner go-plain "$ROOT/scripts/gotest.sh" plain
fi
if have chromium && after web-deps web-build; then phase runner screens screens; fi
end_hearings
if have chromium && after web-deps web-build build; then
  phase runner e2e-time end_to_end e2e-time "${timed[@]}"
fi
if [ "$long" = long ]; then phase check fuzz "$ROOT/scripts/fuzz.sh" "${FUZZTIME:-2m}"; fi
finish
