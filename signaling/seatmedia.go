package signaling

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"phientoa/internal/hearing"
	"phientoa/internal/wire"
	"phientoa/sfu"
)

// seatMedia is a seat's side of the sfu. Negotiations run on the session's
// media worker; the actor allows and forbids from its own goroutine. After
// allow(false) returns nothing is forwarded (the grants are closed already);
// the peer itself is closed right behind, also one whose negotiation is under
// way.
type seatMedia struct {
	room    MediaRoom // nil: no media
	seat    *seat
	publish []sfu.SourceKind
	sources []sfu.SourceID
	logger  *slog.Logger

	negotiating sync.Mutex // one offer at a time

	mu      sync.Mutex
	allowed bool
	gone    bool
	gen     uint32 // grows when the peer at hand must not be used any more
	peer    MediaPeer
	began   string          // the offer that the peer at hand began with
	closers *sync.WaitGroup // the room's: closings outlive a seat

	now func() time.Time
	// wanted is since when the device negotiates without a way for its media; zero: it
	// has one, or does not try. vain: the operators know.
	wanted time.Time
	vain   bool

	onlooker bool // its seat only watches: it hinders nobody's picture
	// unseen raises that the picture of one device cannot be decoded at another, or at
	// none ("") that is known; nil: nobody is told. Once for each pair.
	unseen func(shows, sees hearing.DeviceID)
	told   map[[2]hearing.DeviceID]bool

	relay func() (RelayPass, error) // nil: there is no relay
	pass  RelayPass                 // nil: none was given out
}

func newSeatMedia(room MediaRoom, s *seat, all []hearing.Source, closers *sync.WaitGroup, logger *slog.Logger) *seatMedia {
	m := &seatMedia{room: room, seat: s, closers: closers, logger: logger, now: time.Now}
	for _, src := range all {
		if src.Device == s.device {
			m.publish = append(m.publish, sfu.SourceKind(src.Kind))
		} else {
			m.sources = append(m.sources, sourceID(src))
		}
	}
	return m
}

// allow says whether the device may have a peer now.
func (m *seatMedia) allow(yes bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.allowed = yes
	if m.allowed {
		m.admitLocked()
	} else {
		m.wanted, m.vain = time.Time{}, false
		m.dropLocked()
		m.expelLocked()
	}
}

// admitLocked gives the client a pass for the relay, once while it is allowed: before
// the View that lets it connect.
func (m *seatMedia) admitLocked() {
	if m.relay == nil || m.pass != nil || m.gone || m.room == nil {
		return
	}
	p, err := m.relay()
	if err != nil {
		m.logger.Warn("no pass for the relay", "device", m.seat.device, "err", err)
		return
	}
	m.pass = p
	a := p.Access()
	m.seat.send(&wire.Envelope{Body: &wire.Envelope_MediaRelay{MediaRelay: &wire.MediaRelay{
		Urls: a.URLs, Username: a.Username, Credential: a.Password,
	}}})
}

func (m *seatMedia) expelLocked() {
	if m.pass != nil {
		m.pass.Revoke()
		m.pass = nil
	}
}

// close ends the seat's media.
func (m *seatMedia) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone, m.allowed = true, false
	m.dropLocked()
	m.expelLocked()
}

// reset gives the peer up; the next offer starts a new one.
func (m *seatMedia) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dropLocked()
}

func (m *seatMedia) dropLocked() {
	m.gen++
	if p := m.peer; p != nil {
		m.peer, m.began = nil, ""
		m.closers.Go(p.Close)
	}
}

// offer negotiates. The answer carries a refusal when there is none.
func (m *seatMedia) offer(ctx context.Context, o *wire.MediaOffer) (*wire.MediaAnswer, *wire.NeedSections) {
	m.negotiating.Lock()
	defer m.negotiating.Unlock()
	peer, gen, ref := m.join(o)
	if ref != nil {
		return &wire.MediaAnswer{Refusal: wireRefusal(ref)}, nil
	}
	offer := sfu.Offer{SDP: o.Sdp}
	for _, p := range o.Publish {
		offer.Publish = append(offer.Publish, sfu.Publish{MID: p.Mid, Kind: sfu.SourceKind(p.Kind)})
	}
	ans, err := peer.Negotiate(ctx, offer)
	m.mu.Lock()
	defer m.mu.Unlock()
	if gen != m.gen {
		return &wire.MediaAnswer{Refusal: wireRefusal(m.lostLocked())}, nil
	}
	if err != nil {
		m.logger.Warn("negotiation failed", "device", m.seat.device, "err", err)
		if errors.Is(err, sfu.ErrClosed) {
			m.dropLocked()
			return &wire.MediaAnswer{Refusal: wireRefusal(m.lostLocked())}, nil
		}
		if errors.Is(err, sfu.ErrCodec) {
			return &wire.MediaAnswer{Refusal: wireRefusal(m.unseenLocked(err))}, nil
		}
		return &wire.MediaAnswer{Refusal: wireRefusal(refuseMediaFailed())}, nil
	}
	out := &wire.MediaAnswer{Sdp: ans.SDP, Generation: gen}
	for _, s := range ans.Sections {
		out.Sections = append(out.Sections, &wire.Section{Mid: s.MID, Device: s.Source.Peer, Kind: string(s.Source.Kind)})
	}
	var need *wire.NeedSections
	if ans.NeedAudio > 0 || ans.NeedVideo > 0 {
		need = needSections(ans.NeedAudio, ans.NeedVideo)
	}
	return out, need
}

// supersede gives up the peer of a PeerConnection that the client has given up: an
// offer that begins another need not wait for what the old one still negotiates.
func (m *seatMedia) supersede(o *wire.MediaOffer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o.Generation == 0 && m.peer != nil && o.Sdp != m.began {
		m.dropLocked()
	}
}

// unseenLocked is the refusal of a picture that somebody who must see it, or anybody,
// cannot decode; the operators hear of it.
func (m *seatMedia) unseenLocked(err error) *hearing.Refusal {
	var of *sfu.CodecError
	if !errors.As(err, &of) {
		m.tellLocked(m.seat.device, "")
		return refuseFormat()
	}
	m.tellLocked(m.seat.device, hearing.DeviceID(of.Peer))
	return refuseCodec()
}

func (m *seatMedia) tellLocked(shows, sees hearing.DeviceID) {
	pair := [2]hearing.DeviceID{shows, sees}
	if m.unseen == nil || m.told[pair] {
		return
	}
	if m.told == nil {
		m.told = map[[2]hearing.DeviceID]bool{}
	}
	m.told[pair] = true
	m.unseen(shows, sees)
}

// lostLocked is the refusal when the peer went away under an offer.
func (m *seatMedia) lostLocked() *hearing.Refusal {
	if m.gone || !m.allowed {
		return refuseMedia()
	}
	return refuseMediaNew()
}

// join returns the peer that the offer belongs to, or makes one for an offer
// that begins anew. A browser keeps its DTLS association as long as its
// PeerConnection lives, so an offer of an earlier peer's PeerConnection would
// never come to life with another peer. Under negotiating.
func (m *seatMedia) join(o *wire.MediaOffer) (MediaPeer, uint32, *hearing.Refusal) {
	m.mu.Lock()
	if m.room == nil || m.gone || !m.allowed {
		m.mu.Unlock()
		return nil, 0, refuseMedia()
	}
	// A first offer is repeated when its answer may have been lost.
	repeated := o.Generation == 0 && o.Sdp == m.began
	if m.peer != nil && (repeated || o.Generation == m.gen) {
		defer m.mu.Unlock()
		return m.peer, m.gen, nil
	}
	if o.Generation != 0 {
		m.mu.Unlock()
		return nil, 0, refuseMediaNew()
	}
	m.dropLocked()
	gen := m.gen
	m.mu.Unlock()
	// Not under mu: the sfu waits here for the end of an earlier peer, whose
	// observer may wait for mu.
	p, err := m.room.Join(sfu.PeerParams{ID: string(m.seat.device), Observer: &mediaObserver{m: m, gen: gen}, MayPublish: m.publish, Follows: o.Follow, Onlooker: m.onlooker})
	if err != nil {
		m.logger.Warn("peer not joined", "device", m.seat.device, "err", err)
		if errors.Is(err, sfu.ErrOverload) {
			return nil, 0, refuseOverloaded()
		}
		return nil, 0, refuseMediaFailed()
	}
	p.Prepare(m.sources)
	m.mu.Lock()
	if gen == m.gen {
		defer m.mu.Unlock()
		m.peer, m.began = p, o.Sdp
		if m.wanted.IsZero() {
			m.wanted = m.now()
		}
		return p, gen, nil
	}
	ref := m.lostLocked()
	m.mu.Unlock()
	p.Close()
	return nil, 0, ref
}

// silence is how long no media have come from the device; false: it has none.
func (m *seatMedia) silence() (time.Duration, bool) {
	m.mu.Lock()
	p := m.peer
	m.mu.Unlock()
	if p == nil {
		return 0, false
	}
	return p.Silence(), true
}

// blocked tells whether the device has negotiated in vain for that long and nobody was
// told, once until its media come up; else when that will be (zero: not foreseen).
func (m *seatMedia) blocked(now time.Time, after time.Duration) (due time.Time, raise bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone || !m.allowed || m.wanted.IsZero() || m.vain {
		return time.Time{}, false
	}
	if due = m.wanted.Add(after); due.After(now) {
		return due, false
	}
	m.vain = true
	return time.Time{}, true
}

func (m *seatMedia) hint(h *wire.LayerHints) {
	m.mu.Lock()
	p := m.peer
	m.mu.Unlock()
	if p == nil {
		return
	}
	hints := make([]sfu.Hint, 0, len(h.Hints))
	for _, x := range h.Hints {
		hints = append(hints, sfu.Hint{MID: x.Mid, Width: int(min(x.Width, 1<<14)), Height: int(min(x.Height, 1<<14))})
	}
	p.Hint(hints)
}

// mediaObserver passes the sfu's news of one peer to the client.
type mediaObserver struct {
	m   *seatMedia
	gen uint32
}

func (o *mediaObserver) current() bool {
	o.m.mu.Lock()
	defer o.m.mu.Unlock()
	return o.m.gen == o.gen
}

// PeerState implements sfu.PeerObserver. A peer that the sfu gave up is
// forgotten: an offer that still names it is refused, one of generation 0
// starts a new one.
func (o *mediaObserver) PeerState(_ string, s sfu.PeerState) {
	o.m.mu.Lock()
	defer o.m.mu.Unlock()
	if o.m.gen != o.gen {
		return
	}
	switch s {
	case sfu.PeerConnected:
		o.m.wanted, o.m.vain = time.Time{}, false
	case sfu.PeerClosed:
		o.m.dropLocked()
	}
}

// SectionsNeeded implements sfu.PeerObserver.
func (o *mediaObserver) SectionsNeeded(_ string, audio, video int) {
	if o.current() {
		o.m.seat.send(&wire.Envelope{Body: &wire.Envelope_NeedSections{NeedSections: needSections(audio, video)}})
	}
}

// LayersNeeded implements sfu.LayerObserver.
func (o *mediaObserver) LayersNeeded(_, mid string, rids []string) {
	if o.current() {
		o.m.seat.send(&wire.Envelope{Body: &wire.Envelope_NeedLayers{NeedLayers: &wire.NeedLayers{Mid: mid, Rids: rids}}})
	}
}

// ReceiverStates implements sfu.PeerObserver.
func (o *mediaObserver) ReceiverStates(_ string, states []sfu.ReceiverState) {
	if !o.current() {
		return
	}
	out := &wire.ReceiverStates{States: make([]*wire.ReceiverState, 0, len(states))}
	for _, s := range states {
		out.States = append(out.States, &wire.ReceiverState{
			Mid: s.MID, Granted: s.Granted, PausedBy: wire.PausedBy(s.PausedBy),
			CurrentLayer: int32(s.CurrentLayer), TargetLayer: int32(s.TargetLayer), WaitingKeyframe: s.WaitingKeyframe,
		})
		if s.PausedBy == sfu.PausedByCodec && !o.m.onlooker {
			o.m.mu.Lock()
			o.m.tellLocked(hearing.DeviceID(s.Source.Peer), o.m.seat.device)
			o.m.mu.Unlock()
		}
	}
	o.m.seat.post(&wire.Envelope{Body: &wire.Envelope_ReceiverStates{ReceiverStates: out}})
}

// Voices implements sfu.VoiceObserver.
func (o *mediaObserver) Voices(_ string, mids []string) {
	if o.current() {
		o.m.seat.post(&wire.Envelope{Body: &wire.Envelope_Voices{Voices: &wire.Voices{Mids: mids}}})
	}
}

func needSections(audio, video int) *wire.NeedSections {
	return &wire.NeedSections{Audio: uint32(max(audio, 0)), Video: uint32(max(video, 0))}
}
