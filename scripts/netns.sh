#!/usr/bin/env bash
# netns.sh exec -- COMMAND...: runs COMMAND inside a fresh network namespace with
# loopback and one more address, and removes everything afterwards, however the
# command ends. PHIENTOA_NS_ADDRESS carries that address.
#
# Firefox gathers no loopback candidates, and none at all without a default
# route; so the namespace is one end of a veth pair whose other end lies in a
# second namespace that forwards nothing. Nothing here can reach a network.
#
# Other scripts source this file for ns_pair and ns_remove.
set -euo pipefail

# ns_pair NAME ADDRESS PEER_ADDRESS: namespaces NAME-a and NAME-b, joined.
ns_pair() {
  local name=$1 address=$2 peer=$3
  ip netns add "$name-a"
  ip netns add "$name-b"
  ip -n "$name-a" link add va type veth peer name vb netns "$name-b"
  ip -n "$name-a" addr add "$address/24" dev va
  ip -n "$name-b" addr add "$peer/24" dev vb
  ip -n "$name-a" link set lo up
  ip -n "$name-b" link set lo up
  ip -n "$name-a" link set va up
  ip -n "$name-b" link set vb up
  ip -n "$name-a" route add default via "$peer"
}

# ns_remove NAME: both namespaces, quietly, also when only one was made.
ns_remove() {
  ip netns del "$1-a" 2>/dev/null || true
  ip netns del "$1-b" 2>/dev/null || true
}

ns_possible() {
  [ "$(id -u)" -eq 0 ] && command -v ip >/dev/null 2>&1 || return 1
  local probe="phientoa-probe-$$"
  ip netns add "$probe" 2>/dev/null || return 1
  ip netns del "$probe"
}

ns_exec() {
  local name="phientoa-$$"
  # shellcheck disable=SC2064 # the name of now is meant
  trap "ns_remove '$name'" EXIT INT TERM
  ns_pair "$name" 10.77.0.1 10.77.0.2
  PHIENTOA_NS_ADDRESS=10.77.0.1 ip netns exec "$name-a" "$@"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  case "${1:-}" in
    possible) ns_possible ;;
    exec)
      shift
      [ "${1:-}" = -- ] && shift
      ns_exec "$@"
      ;;
    *)
      echo "usage: netns.sh possible | exec -- COMMAND..." >&2
      exit 2
      ;;
  esac
fi
