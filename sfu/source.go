package sfu

import "time"

// source is one microphone or camera of a peer. It outlives its publisher while
// sections are bound to it, so that a device that comes back is heard in the
// sections that it had. All fields are under the room's lock.
type source struct {
	id        SourceID
	kind      SourceKind
	publisher *Peer // nil while nobody publishes it
	mid       string
	codec     Codec    // of a camera
	rids      []string // of the offer, lowest first; empty without simulcast
	layers    [maxLayers]*layer
	police    bucket
	open      int // receivers and taps with an open grant
	heard     int // bytes since measured
	measured  time.Time
	uplink    int // bits per second of all layers, smoothed; 0: not yet measured

	voice voice // of a microphone
	// shared: it has been handed to a gallery, where its numbers are known: they go on as
	// long as the room lives.
	shared bool
	// pending, in a gallery: up to these numbers packets came before the last Apply.
	pending [maxLayers]uint64

	sections []*section
	taps     []*tapSource
	// shown says since when the source reaches classes of viewers without a break.
	shown map[string]time.Time
	need  layerNeed
	// wished is when a keyframe was last asked for on behalf of viewers alone.
	wished time.Time
}

// measure follows the rate at which the source comes in.
func (s *source) measure(now time.Time) {
	span := now.Sub(s.measured)
	if !s.measured.IsZero() && span > 0 && span < 10*reportInterval {
		rate := int(float64(8*s.heard) / span.Seconds())
		if s.uplink > 0 {
			rate = (3*s.uplink + rate) / 4
		}
		s.uplink = rate
		for _, l := range s.layers {
			if l != nil {
				l.measure(span)
			}
		}
	}
	s.measured, s.heard = now, 0
}

// Uplinks between which the time between a tap's keyframes is stretched, in bits
// per second: a keyframe of 720 lines is some 60 kB, half a second of the faster
// one and five of the slower.
const (
	fastUplink  = 900_000
	slowUplink  = 150_000
	slowStretch = fastUplink / slowUplink
)

// keyframeAfter is the time between the keyframes that a tap asks of the source,
// every on a fast uplink, up to slowStretch times that on a slow one.
func (s *source) keyframeAfter(every time.Duration) time.Duration {
	if s.uplink == 0 || s.uplink >= fastUplink {
		return every
	}
	return min(time.Duration(float64(every)*fastUplink/float64(s.uplink)), slowStretch*every)
}

func (s *source) clockRate() uint32 {
	if s.kind == Mic {
		return 48000
	}
	return 90000
}

func (s *source) info() SourceInfo {
	if s.kind == Mic {
		return SourceInfo{Source: s.id, Codec: Opus, ClockRate: 48000, Channels: 2}
	}
	return SourceInfo{Source: s.id, Codec: s.codec, ClockRate: 90000}
}

// layerIndex of a RID, 0 without simulcast; ok is false for a foreign one.
func (s *source) layerIndex(rid string) (int, bool) {
	if rid == "" {
		return 0, len(s.rids) == 0
	}
	for i, r := range s.rids {
		if r == rid {
			return i, true
		}
	}
	return 0, false
}

func (s *source) live(now time.Time, i int) bool {
	l := s.layers[i]
	return l != nil && l.started && now.Sub(l.arrival) < layerSilence
}

// height of layer i in pixels; before the first keyframe the usual ladder.
func (s *source) height(i int) int {
	if l := s.layers[i]; l != nil && l.height > 0 {
		return l.height
	}
	return 180 << i
}

func (s *source) width(i int) int {
	if l := s.layers[i]; l != nil && l.width > 0 {
		return l.width
	}
	return 320 << i
}

// smallestFor returns the smallest of the layers within lo..hi that fills width x
// height, else the largest, else -1.
func (s *source) smallestFor(ok [maxLayers]bool, width, height, lo, hi int) int {
	best := -1
	for i := max(lo, 0); i <= min(hi, maxLayers-1); i++ {
		if !ok[i] {
			continue
		}
		best = i
		if s.width(i) >= width && s.height(i) >= height {
			return i
		}
	}
	return best
}

// tallest returns the largest of the layers that has at most maxHeight (0: no bound),
// else the lowest, else -1.
func (s *source) tallest(ok [maxLayers]bool, maxHeight int) int {
	best := -1
	for i := range maxLayers {
		if !ok[i] {
			continue
		}
		if best == -1 || maxHeight == 0 || s.height(i) <= maxHeight {
			best = i
		}
	}
	return best
}

// lost says that nobody reachable publishes the source.
func (s *source) lost() bool { return s.publisher == nil || s.publisher.state != PeerConnected }

// silent says that no layer has brought a packet lately.
func (s *source) silent(now time.Time) bool {
	for i := range maxLayers {
		if s.live(now, i) {
			return false
		}
	}
	return true
}

// retire ends publishing: layers are forgotten up to their sequence marks, taps
// hear that the source is gone.
func (s *source) retire(now time.Time) {
	s.publisher, s.mid, s.rids = nil, "", nil
	s.hush()
	for _, l := range s.layers {
		if l != nil {
			l.restart(0)
		}
	}
	for _, t := range s.taps {
		t.end(now)
	}
	for _, sec := range s.sections {
		sec.halt()
		sec.peer.dirty()
	}
}

// arrive begins publishing by p.
func (s *source) arrive(p *Peer, mid string, rids []string, now time.Time) {
	s.publisher, s.mid, s.rids = p, mid, rids
	s.needAll(now)
	for _, t := range s.taps {
		t.begin(now)
	}
	for _, sec := range s.sections {
		sec.peer.dirty()
	}
}

// retarget chooses layers anew for everyone.
func (s *source) retarget(now time.Time) {
	if s.kind != Cam {
		return
	}
	for _, sec := range s.sections {
		sec.retarget(now)
	}
	for _, t := range s.taps {
		t.retarget(now)
	}
}

// gate admits packets of a source to one receiver or tap, from a mark on: what
// arrived up to the opening stays outside for ever, however late a repeat comes.
type gate struct {
	open    bool
	floor   [maxLayers]uint64 // extended sequence numbers; at or below: never
	floorTS uint32            // microphones: redundancy at or before it is stripped
	skip    bool              // microphones: the next packet carries the frame before it
}

func (g *gate) raise(s *source) {
	g.open = true
	for i, l := range s.layers {
		if l != nil {
			g.floor[i] = l.seq.highest
		}
		g.floor[i] = max(g.floor[i], s.pending[i])
	}
	g.skip = s.kind == Mic
}

// admit decides about one packet of the layer with index i.
func (g *gate) admit(k *packetRefs, i uint8) bool {
	if !g.open || k.pkt.Seq <= g.floor[i] {
		return false
	}
	if g.skip {
		// In-band FEC of the first Opus packet repeats the frame before it (RFC 6716
		// section 2.1.7), which was spoken while closed.
		g.skip = false
		g.floor[i], g.floorTS = k.pkt.Seq, k.pkt.Timestamp
		return false
	}
	return true
}

// admitOld says that a block or packet of timestamp ts, told of by a packet with
// extended sequence number ext, is younger than the opening.
func (g *gate) admitOld(ext uint64, ts uint32) bool {
	return ext > g.floor[0]+maxRedBlocks*8 || after(ts, g.floorTS)
}
