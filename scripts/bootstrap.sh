#!/usr/bin/env bash
# bootstrap.sh run|test: what this machine needs for the command, installed when
# we may (root, apt reachable), otherwise named together with what is lost.
#
# The exit code is 1 only when nothing at all could be built: without Go, Node
# or git. Everything else costs single phases of `make test`, which then count
# as skipped by name.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

goal=${1:-run}

# A line: Debian package | how to see that it is there | what is lost without it
needs() {
  cat <<'LIST'
gcc|cmd gcc|the race detector of go test
libc6-dev|file /usr/include/stdlib.h|the race detector of go test
ffmpeg|cmd ffmpeg|generated pictures and tones of the end-to-end tests
espeak-ng|cmd espeak-ng|Vietnamese speech of the end-to-end tests
chromium|cmd chromium|screens and end-to-end tests in Chromium
firefox-esr|cmd firefox-esr|end-to-end tests in Firefox
postgresql-15|file /usr/lib/postgresql/15/bin/postgres|the store's second engine and the outage tests
softhsm2|cmd softhsm2-util|the court's key on a token (PKCS#11)
opensc|cmd pkcs11-tool|nothing yet: keys on a token (PKCS#11) are an issue to come
unzip|cmd unzip|a sealed file opened by a program that is not ours
openssl|cmd openssl|checkpoints verified by a program that is not ours
python3-aiortc|py aiortc|the raw peer that ignores signaling
python3-websockets|py websockets|the raw peer that ignores signaling
gstreamer1.0-nice|dpkg gstreamer1.0-nice|an encoder and a wall that are not ours (WHIP, WHEP)
gstreamer1.0-plugins-base|dpkg gstreamer1.0-plugins-base|an encoder and a wall that are not ours (WHIP, WHEP)
gstreamer1.0-plugins-good|dpkg gstreamer1.0-plugins-good|an encoder and a wall that are not ours (WHIP, WHEP)
gstreamer1.0-plugins-bad|dpkg gstreamer1.0-plugins-bad|an encoder and a wall that are not ours (WHIP, WHEP)
gir1.2-gst-plugins-bad-1.0|dpkg gir1.2-gst-plugins-bad-1.0|an encoder and a wall that are not ours (WHIP, WHEP)
python3-gst-1.0|dpkg python3-gst-1.0|an encoder and a wall that are not ours (WHIP, WHEP)
spin|cmd spin|the checked model of leases and fencing
iproute2|cmd ip|network namespaces: Firefox and the trials
procps|cmd ps|the end-to-end tests look at the processes they started
prometheus|cmd promtool|alert rules checked and tested by promtool
nginx-light|file /usr/sbin/nginx|the reverse proxy's example run before the server
shellcheck|cmd shellcheck|the check of these scripts (phase shell)
LIST
}

present() {
  case "$1" in
    "cmd "*) have "${1#cmd }" ;;
    "file "*) [ -e "${1#file }" ] ;;
    "py "*) [ -x /usr/bin/python3 ] && /usr/bin/python3 -c "import ${1#py }" >/dev/null 2>&1 ;;
    "dpkg "*) dpkg-query -W -f='${Status}' "${1#dpkg }" 2>/dev/null | grep -q 'ok installed' ;;
    *) return 1 ;;
  esac
}

prerequisites() {
  local bad=0
  if ! have go; then
    warn "Go 1.26 or newer is needed (go.mod names the version)."
    bad=1
  elif ! (cd "$ROOT" && go list -m >/dev/null 2>&1); then
    warn "This Go is too old for go.mod: $(go version)"
    bad=1
  fi
  if ! have node || [ "$(node -p 'parseInt(process.versions.node)')" -lt 20 ]; then
    warn "Node 20.19 or newer is needed."
    bad=1
  fi
  if ! have npm; then
    warn "npm is needed (it comes with Node)."
    bad=1
  fi
  if ! have git; then
    warn "git is needed."
    bad=1
  fi
  return $bad
}

# missing prints the lines of needs that are not there.
missing() {
  local package check loss
  while IFS='|' read -r package check loss; do
    present "$check" || printf '%s|%s\n' "$package" "$loss"
  done < <(needs)
}

install_missing() {
  local packages
  packages=$(cut -d'|' -f1 | tr '\n' ' ')
  if [ "$(id -u)" -ne 0 ] || ! have apt-get; then
    return 0
  fi
  say "installing: $packages"
  # Once for the whole run; a stale list of packages names files that are gone.
  if ! timeout 180 apt-get update -qq >"$CACHE/apt.log" 2>&1; then
    warn "apt-get update failed (see .cache/apt.log); going on with what is here"
    return 0
  fi
  # shellcheck disable=SC2086 # the list is split on purpose
  DEBIAN_FRONTEND=noninteractive timeout 900 apt-get install -y -qq \
    --no-install-recommends $packages >>"$CACHE/apt.log" 2>&1 ||
    warn "apt-get install failed (see .cache/apt.log); going on with what is here"
}

prerequisites || die "the list above must be there before anything can be built"
[ "$goal" = test ] || exit 0

key=$(sha256sum "$0" | cut -d' ' -f1)
if fresh bootstrap "$key"; then
  exit 0
fi
lack=$(missing)
if [ -n "$lack" ]; then
  printf '%s\n' "$lack" | install_missing
  lack=$(missing)
fi
if [ -n "$lack" ]; then
  warn "missing on this machine, each with what is lost without it:"
  printf '%s\n' "$lack" | awk -F'|' '{printf "  %-28s %s\n", $1, $2}' >&2
  warn "as root: apt-get install --no-install-recommends $(printf '%s\n' "$lack" | cut -d'|' -f1 | tr '\n' ' ')"
  exit 0 # no stamp: look again next time
fi
stamp bootstrap "$key"
