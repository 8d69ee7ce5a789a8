package sfu

import (
	"encoding/binary"
	"log/slog"
	"time"

	"github.com/pion/rtp"
	"golang.org/x/sys/unix"
)

// fakeWire takes what a peer would send, unsealed.
type fakeWire struct {
	packets []*rtp.Packet
	indexes map[[2]uint64]bool
	reused  bool
	full    func() bool // says that the buffer is full
	refused int
}

func (f *fakeWire) write(b []byte, _ *destination) error {
	if f.full != nil && f.full() {
		f.refused++
		return unix.EAGAIN
	}
	p := &rtp.Packet{}
	if err := p.Unmarshal(append([]byte(nil), b...)); err != nil {
		return err
	}
	f.packets = append(f.packets, p)
	return nil
}

// plainSealer seals nothing and notes a repeated index.
type plainSealer struct{ f *fakeWire }

func (s plainSealer) seal(b []byte, ssrc uint32, index uint64) ([]byte, error) {
	k := [2]uint64{uint64(ssrc), index}
	if s.f.indexes[k] {
		s.f.reused = true
	}
	s.f.indexes[k] = true
	return b, nil
}

// fakeRoom is a room without sockets and PeerConnections.
type fakeRoom struct {
	*Room
	now time.Time
}

func newFakeRoom() *fakeRoom {
	lim, err := Limits{}.withDefaults()
	if err != nil {
		panic(err)
	}
	f := &fakeRoom{now: time.Unix(1_700_000_000, 0)}
	e := &Engine{log: slog.New(slog.DiscardHandler), pool: newPacketPool(), rooms: map[string]*Room{}}
	e.p = Params{Limits: lim, Now: func() time.Time { return f.now }}
	f.Room = &Room{engine: e, loop: &loop{}, id: "fake", table: newGrantTable(Routing{}), peers: map[string]*Peer{}, sources: map[SourceID]*source{}, members: map[Membership]time.Time{}, replays: newBucket(replayRate, replayBurst, f.now)}
	return f
}

func (f *fakeRoom) peer(id string) (*Peer, *fakeWire) {
	w := &fakeWire{indexes: map[[2]uint64]bool{}}
	p := &Peer{
		room: f.Room, id: id, wake: make(chan struct{}, 1), done: make(chan struct{}), closed: make(chan struct{}),
		byMID: map[string]*section{}, publish: map[string]*source{}, state: PeerConnected,
	}
	p.tx.ready, p.tx.seal, p.tx.out = true, plainSealer{w}, w
	f.peers[id] = p
	return p, w
}

// publishes opens a source of p with one layer per rid.
func (f *fakeRoom) publishes(p *Peer, kind SourceKind, rids ...string) *source {
	src := f.source(SourceID{Peer: p.id, Kind: kind}, f.now)
	src.arrive(p, string(kind), rids, f.now)
	p.publish[string(kind)] = src
	for i := range max(1, len(rids)) {
		src.layers[i] = newLayer(src, i, f.engine.p.Limits.RingPackets)
		src.layers[i].ssrc = uint32(1000 + i)
	}
	return src
}

var fakeTypes = codecTypes{opus: 111, red: 63, vp8: 96, level: 1}

// binds gives p a section for the source.
func (f *fakeRoom) binds(p *Peer, id SourceID, mid string) *section {
	p.prepared = append(p.prepared, id)
	s := p.newSectionFor(receivePlan{mid: mid, kind: id.Kind, red: true}).s
	s.ssrc, s.rtxSSRC, s.pt, s.bound = uint32(len(p.sections))*10+1, uint32(len(p.sections))*10+2, 111, true
	if id.Kind == Cam {
		s.pt, s.rtxPT = 96, 97
	} else {
		s.redPT = 63
	}
	return s
}

func (f *fakeRoom) receives(l *layer, pt uint8, seq uint16, ts uint32, payload []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ingest(l, &rtp.Packet{Header: rtp.Header{PayloadType: pt, SequenceNumber: seq, Timestamp: ts, Marker: true}, Payload: payload}, fakeTypes, f.now)
}

// redPayload packs blocks, oldest first with their timestamp offsets, and the primary.
func redPayload(primary []byte, offsets []uint16, blocks [][]byte) []byte {
	var b []byte
	for i, o := range offsets {
		h := uint32(0x80|111)<<24 | uint32(o)<<10 | uint32(len(blocks[i]))
		b = binary.BigEndian.AppendUint32(b, h)
	}
	b = append(b, 111)
	for _, k := range blocks {
		b = append(b, k...)
	}
	return append(b, primary...)
}

// tapLog keeps what a tap got, with copies of payloads.
type tapLog struct {
	opened, closed []SourceID
	packets        []Packet
	reports        []SenderReport
	open           map[SourceID]bool
	outside        bool
}

func newTapLog() *tapLog { return &tapLog{open: map[SourceID]bool{}} }

func (l *tapLog) Opened(i SourceInfo, _ time.Time) {
	l.opened = append(l.opened, i.Source)
	l.open[i.Source] = true
}

func (l *tapLog) Closed(s SourceID, _ time.Time) {
	l.closed = append(l.closed, s)
	l.open[s] = false
}

func (l *tapLog) Packet(p *Packet) {
	l.outside = l.outside || !l.open[p.Source]
	k := *p
	k.refs = nil
	k.Payload = append([]byte(nil), p.Payload...)
	l.packets = append(l.packets, k)
}

func (l *tapLog) SenderReport(r SenderReport) { l.reports = append(l.reports, r) }
