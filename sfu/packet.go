package sfu

type packetRefs struct{}

// Room is a set of peers among which media may flow by grants; it is pinned to
// one loop.
type Room struct{}
