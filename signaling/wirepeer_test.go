package signaling

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/wire"
	"phientoa/sfu"
)

// The people of the wire law's hearing besides judge and clerk.
const (
	assessor   = "p-assessor"
	plaintiff  = "p-plaintiff"
	lawyer     = "p-lawyer"
	respondent = "p-respondent"
	officer    = "p-officer" // also sits before the respondent's room client
	witness    = "p-witness"
	viewer     = "p-viewer"
)

// recorderEar stands for the recorder's tap among those who hear.
const recorderEar = "recorder"

// wireBooking is a civil hearing in which every kind of room can be had.
func wireBooking() hearing.Booking {
	b := testBooking()
	policy := court.DefaultPolicy(court.Civil)
	policy.RequireReady, policy.RequireFacilities = false, false
	b.Procedure, b.Policy = court.Civil, &policy
	b.Points = []hearing.Point{
		{ID: "P0", Kind: hearing.CentralPoint, Name: "Trụ sở"}, {ID: "P1", Kind: hearing.ComponentPoint, Name: "Điểm cầu 1"},
	}
	b.People, b.Devices = nil, nil
	for _, p := range []struct {
		id       string
		capacity court.Capacity
		point    string
		kind     hearing.DeviceKind
		private  bool
		beside   string
	}{
		{judge, court.PresidingJudge, "P0", hearing.DeskClient, false, ""},
		{clerk, court.Clerk, "P0", hearing.DeskClient, false, ""},
		{assessor, court.LayAssessor, "P0", hearing.DeskClient, false, ""},
		{plaintiff, court.Plaintiff, "P0", hearing.DeskClient, true, ""},
		{lawyer, court.Lawyer, "P0", hearing.DeskClient, true, ""},
		{respondent, court.Respondent, "P1", hearing.RoomClient, false, officer},
		{officer, court.PointOfficer, "P1", hearing.Console, false, ""},
		{witness, court.Witness, "P1", hearing.DeskClient, false, ""},
		{viewer, court.Attendee, "P0", hearing.Viewer, false, ""},
	} {
		b.People = append(b.People, hearing.Person{ID: hearing.PersonID(p.id), Capacity: p.capacity, Alias: p.id, Point: p.point})
		d := hearing.Device{
			ID: hearing.DeviceID(device(p.id)), Kind: p.kind, Private: p.private, People: []hearing.PersonID{hearing.PersonID(p.id)},
		}
		if p.beside != "" {
			d.People = append(d.People, hearing.PersonID(p.beside))
		}
		b.Devices = append(b.Devices, d)
	}
	return b
}

// heardPacket is a marked packet, or block of redundancy, that came out somewhere.
type heardPacket struct {
	from, at string // people; at may be recorderEar
	kind     markKind
	sent     time.Duration // since the stage's beginning
}

// markKind is what a marked payload is.
type markKind byte

const (
	markSound    markKind = iota // in a packet of its own
	markLate                     // sound whose packet was sent three packets later
	markFirst                    // the packet that a picture begins with
	markRest                     // a further packet of a picture
	markRepeated                 // sound in a redundancy block; told by where it stands
	markKinds
)

func (k markKind) cam() bool { return k == markFirst || k == markRest }

// stage is a hearing with real media: who sends, who hears, and when.
type stage struct {
	*world
	engine  *sfu.Engine
	metrics *prometheus.Registry
	begun   time.Time
	clients map[string]*client
	wires   map[string]*wirePeer

	// gate is held while a packet is marked and written, and by whoever wants that
	// nothing is on its way.
	gate sync.RWMutex

	mu    sync.Mutex
	heard []heardPacket
}

func newStage(t *testing.T, b hearing.Booking) *stage {
	t.Helper()
	s := &stage{begun: time.Now(), clients: map[string]*client{}, wires: map[string]*wirePeer{}, metrics: prometheus.NewRegistry()}
	var err error
	s.engine, err = sfu.New(sfu.Params{
		Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Loops: 1, Logger: discard(), Registerer: s.metrics,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.engine.Close()) })
	st := openStore(t)
	row := store.Hearing{ID: testHearing, Room: testRoom, Unit: b.Unit, DocketNo: b.DocketNo, Title: b.Title, StartsAt: b.StartsAt}
	require.NoError(t, BookHearing(t.Context(), st, "booker", row, nil, b, time.Now()))
	s.world = startWorld(t, st, func(p *RoomsParams) {
		p.Media, p.Recorder = FromEngine(s.engine), &tapRecorder{stage: s}
		p.Limits.MessagesPerSec, p.Limits.MessageBurst = 1000, 1000
	})
	t.Cleanup(s.hush)
	return s
}

// tapRecorder hears like the recorder and keeps nothing.
type tapRecorder struct {
	fakeEvidence
	stage *stage
}

func (r *tapRecorder) Open(ctx context.Context, p EvidenceParams) (Evidence, error) {
	if _, err := p.Room.Tap(sfu.TapParams{Class: string(hearing.ClassRecorder), Tap: earTap{r.stage}}); err != nil {
		return nil, err
	}
	return r.fakeEvidence.Open(ctx, p)
}

type earTap struct{ s *stage }

func (e earTap) Opened(sfu.SourceInfo, time.Time) {}
func (e earTap) Closed(sfu.SourceID, time.Time)   {}
func (e earTap) SenderReport(sfu.SenderReport)    {}
func (e earTap) Packet(p *sfu.Packet)             { e.s.note(recorderEar, p.Payload, p.Recovered) }

// marks are the last bytes of every payload: magic, sender, kind, time.
const (
	markMagic = 0x70687431
	markBytes = 4 + 1 + 1 + 8
)

func senders() []string {
	return []string{judge, assessor, plaintiff, lawyer, respondent, witness, clerk}
}

func (s *stage) now() time.Duration { return time.Since(s.begun) }

func mark(b []byte, from string, kind markKind, at time.Duration) []byte {
	b = binary.BigEndian.AppendUint32(b, markMagic)
	b = append(b, byte(slices.Index(senders(), from)), byte(kind))
	return binary.BigEndian.AppendUint64(b, uint64(at))
}

// noteRED notes the blocks of a packet with redundancy (RFC 2198), each for itself.
func (s *stage) noteRED(at string, b []byte) {
	var sizes []int
	for len(b) > 4 && b[0]&0x80 != 0 {
		sizes = append(sizes, int(binary.BigEndian.Uint32(b)&0x3ff))
		b = b[4:]
	}
	b = b[min(1, len(b)):]
	for _, n := range sizes {
		s.note(at, b[:min(n, len(b))], true)
		b = b[min(n, len(b)):]
	}
	s.note(at, b, false)
}

// redDistance is how many packets back redundancy reaches: beyond the one packet that
// the server leaves out when a microphone opens.
const redDistance = 4

// withRED puts the sound of the packets before, oldest first, in front of the primary
// (RFC 2198).
func withRED(before [][]byte, primary []byte) (b []byte) {
	for i, old := range before {
		b = binary.BigEndian.AppendUint32(b, 1<<31|opusPT<<24|uint32(len(before)-i)*960<<10|uint32(len(old)))
	}
	b = append(b, opusPT)
	for _, old := range before {
		b = append(b, old...)
	}
	return append(b, primary...)
}

// note takes a payload that came out; repeated: out of a redundancy block.
func (s *stage) note(at string, payload []byte, repeated bool) {
	if len(payload) < markBytes {
		return
	}
	m := payload[len(payload)-markBytes:]
	if binary.BigEndian.Uint32(m) != markMagic {
		return
	}
	p := heardPacket{
		from: senders()[m[4]], at: at, kind: markKind(m[5]), sent: time.Duration(binary.BigEndian.Uint64(m[6:])),
	}
	if repeated {
		p.kind = markRepeated
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, p)
}

// heardFrom tells whether something that was sent after the time came through.
func (s *stage) heardFrom(from, at string, after time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.heard) - 1; i >= 0; i-- {
		if p := s.heard[i]; p.from == from && p.at == at && !p.kind.cam() && p.sent > after {
			return true
		}
	}
	return false
}

// counter reads one of the sfu's own counters.
func (s *stage) counter(name string) float64 {
	families, err := s.metrics.Gather()
	require.NoError(s.t, err)
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	s.t.Fatalf("no counter %s", name)
	return 0
}

// fence stops all senders until everything they have sent went through the sfu,
// runs act, and lets them go on.
func (s *stage) fence(act func()) {
	s.gate.Lock()
	defer s.gate.Unlock()
	before, quiet := -1.0, 0
	for tick := time.NewTicker(2 * time.Millisecond); quiet < 4; {
		<-tick.C
		if n := s.counter("sfu_packets_received_total"); n != before {
			before, quiet = n, 0
			continue
		}
		quiet++
	}
	act()
}

// wirePeer is one person's PeerConnection: it never stops sending, whatever the
// rules say.
type wirePeer struct {
	s      *stage
	person string
	pc     *webrtc.PeerConnection
	mic    *webrtc.TrackLocalStaticRTP
	cam    *webrtc.TrackLocalStaticRTP
	red    bool // sends redundancy
	cut    bool // the server has ended it
	sent   atomic.Int64
	stop   chan struct{}
	done   sync.WaitGroup

	mu    sync.Mutex
	comes map[webrtc.SSRC]uint16 // what comes in, by its last sequence number
}

// Payload types of the wire law's peers.
const (
	opusPT = 111
	redPT  = 63
)

// repeats are the people whose sound carries the packet before as redundancy.
func repeats(person string) bool { return person == plaintiff || person == lawyer }

// api knows redundancy for everybody but the assessor, to whom the server opens it.
func (p *wirePeer) api() *webrtc.API {
	se := webrtc.SettingEngine{}
	se.SetIncludeLoopbackCandidate(true)
	m := &webrtc.MediaEngine{}
	require.NoError(p.s.t, m.RegisterDefaultCodecs())
	if p.person != assessor {
		require.NoError(p.s.t, m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: redPT, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: mimeRED, ClockRate: 48000, Channels: 2, SDPFmtpLine: fmt.Sprintf("%d/%d", opusPT, opusPT),
		}}, webrtc.RTPCodecTypeAudio))
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(se), webrtc.WithMediaEngine(m))
}

const mimeRED = "audio/red"

// connect makes the person's PeerConnection, with a section for every source.
func (s *stage) connect(person string) {
	s.t.Helper()
	p := &wirePeer{s: s, person: person, red: repeats(person), stop: make(chan struct{}), comes: map[webrtc.SSRC]uint16{}}
	pc, err := p.api().NewPeerConnection(webrtc.Configuration{})
	require.NoError(s.t, err)
	p.pc = pc
	s.wires[person] = p
	pc.OnTrack(p.listen)
	sendonly := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}
	if slices.Contains(senders(), person) {
		mime := webrtc.MimeTypeOpus
		if p.red {
			mime = mimeRED
		}
		p.mic, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 48000, Channels: 2}, "mic", "me")
		require.NoError(s.t, err)
		_, err = pc.AddTransceiverFromTrack(p.mic, sendonly)
		require.NoError(s.t, err)
	}
	if person == judge || person == plaintiff {
		p.cam, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "cam", "me")
		require.NoError(s.t, err)
		_, err = pc.AddTransceiverFromTrack(p.cam, sendonly)
		require.NoError(s.t, err)
	}
	for range senders() {
		for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
			_, err = pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
			require.NoError(s.t, err)
		}
	}
	p.negotiate()
	if p.mic != nil {
		p.done.Add(1)
		go p.speak()
	}
}

// watches begins a monitor's connection, with a section for every source.
func (s *stage) watches(monitor string, unit court.UnitID) {
	s.t.Helper()
	p := &wirePeer{s: s, person: monitor, stop: make(chan struct{}), comes: map[webrtc.SSRC]uint16{}}
	pc, err := p.api().NewPeerConnection(webrtc.Configuration{})
	require.NoError(s.t, err)
	p.pc = pc
	s.wires[monitor] = p
	pc.OnTrack(p.listen)
	for range senders() {
		for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
			_, err = pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
			require.NoError(s.t, err)
		}
	}
	w, ref := s.rooms.Watch(WatchParams{Hearing: testHearing, Viewer: monitor, Unit: unit, Flows: func(bool) {}, Ended: func() {}})
	require.Nil(s.t, ref)
	offer, err := pc.CreateOffer(nil)
	require.NoError(s.t, err)
	gathered := webrtc.GatheringCompletePromise(pc)
	require.NoError(s.t, pc.SetLocalDescription(offer))
	<-gathered
	answer, ref := w.Offer(s.t.Context(), pc.LocalDescription().SDP)
	require.Nil(s.t, ref)
	require.NoError(s.t, pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}))
}

// hangs opens a wall on which the hearing stands all the time, as all may see it and as
// the unit alone may: what flows is the hearing's matter.
func (s *stage) hangs(wall string, unit court.UnitID) {
	s.t.Helper()
	p := &wirePeer{s: s, person: wall, stop: make(chan struct{}), comes: map[webrtc.SSRC]uint16{}}
	pc, err := p.api().NewPeerConnection(webrtc.Configuration{})
	require.NoError(s.t, err)
	p.pc = pc
	s.wires[wall] = p
	pc.OnTrack(p.listen)
	all := s.rooms.Walls()
	var grants []WallGrant
	tiles := []WallTile{}
	for as, class := range map[string]hearing.Class{"all": hearing.ClassMonitors, "one": hearing.MonitorsOf(unit)} {
		_, ref := all.Feed(testHearing, class, as)
		require.Nil(s.t, ref)
		grants, tiles = append(grants, WallGrant{As: as, Unit: unit}), append(tiles, WallTile{As: as})
		_, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		require.NoError(s.t, err)
	}
	require.NoError(s.t, all.Apply(grants))
	w, ref := all.Open(WallParams{Viewer: wall, Unit: unit, Flows: func(bool) {}, Ended: func() {}})
	require.Nil(s.t, ref)
	offer, err := pc.CreateOffer(nil)
	require.NoError(s.t, err)
	gathered := webrtc.GatheringCompletePromise(pc)
	require.NoError(s.t, pc.SetLocalDescription(offer))
	<-gathered
	answer, places, ref := w.Offer(s.t.Context(), pc.LocalDescription().SDP)
	require.Nil(s.t, ref)
	require.Len(s.t, places, len(tiles))
	for i := range tiles {
		tiles[i].Place = places[i]
	}
	require.Len(s.t, w.Show(tiles), len(tiles))
	require.NoError(s.t, pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}))
}

func (p *wirePeer) negotiate() {
	t, c := p.s.t, p.s.clients[p.person]
	offer, err := p.pc.CreateOffer(nil)
	require.NoError(t, err)
	gathered := webrtc.GatheringCompletePromise(p.pc)
	require.NoError(t, p.pc.SetLocalDescription(offer))
	<-gathered
	o := &wire.MediaOffer{Sdp: p.pc.LocalDescription().SDP}
	for _, tr := range p.pc.GetTransceivers() {
		if tr.Direction() != webrtc.RTPTransceiverDirectionSendonly {
			continue
		}
		kind := "mic"
		if tr.Kind() == webrtc.RTPCodecTypeVideo {
			kind = "cam"
		}
		o.Publish = append(o.Publish, &wire.Publish{Mid: tr.Mid(), Kind: kind})
	}
	c.nextID++
	m := &mediaClient{client: c, pc: p.pc}
	require.Nil(t, m.propose(fmt.Sprintf("m%d", c.nextID), o).Refusal, p.person)
}

// listen notes what comes out of a section.
func (p *wirePeer) listen(tr *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	for {
		pkt, _, err := tr.ReadRTP()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.comes[tr.SSRC()] = pkt.SequenceNumber
		p.mu.Unlock()
		if pkt.PayloadType == redPT {
			p.s.noteRED(p.person, pkt.Payload)
			continue
		}
		p.s.note(p.person, pkt.Payload, false)
	}
}

// nag asks the server to repeat what came last, as if it had been lost (RFC 4585).
func (p *wirePeer) nag() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for ssrc, last := range p.comes {
		var lost []uint16
		for n := range uint16(16) {
			lost = append(lost, last-n)
		}
		slices.Reverse(lost)
		_ = p.pc.WriteRTCP([]rtcp.Packet{&rtcp.TransportLayerNack{
			MediaSSRC: uint32(ssrc), Nacks: rtcp.NackPairsFromSequenceNumbers(lost),
		}})
	}
}

// speak sends a packet of sound and, where there is a camera, one of picture every
// 20 ms. Every tenth packet of plain sound is sent three packets late.
func (p *wirePeer) speak() {
	defer p.done.Done()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var n uint16
	var before [][]byte  // the sound of the last packets
	var late *rtp.Packet // held back
	for {
		select {
		case <-p.stop:
			return
		case <-tick.C:
		}
		n++
		p.s.gate.RLock()
		kind := markSound
		if !p.red && n%10 == 0 {
			kind = markLate
		}
		sound := mark([]byte{0xfc, 1, 2, 3}, p.person, kind, p.s.now())
		pkt := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(n) * 960}, Payload: sound}
		if p.red {
			pkt.Payload = withRED(before, sound)
			before = append(before[max(len(before)-redDistance+1, 0):], sound)
		}
		if late != nil && n%10 == 3 {
			_ = p.mic.WriteRTP(late)
			late = nil
		}
		if kind == markLate {
			late = pkt
		} else {
			_ = p.mic.WriteRTP(pkt)
		}
		if p.cam != nil {
			p.picture(n)
		}
		p.s.gate.RUnlock()
		p.sent.Add(1)
	}
}

// picture sends the n-th packet of the camera. Three make a picture, and each picture
// is a keyframe, so that none waits for another; the rules may change between them.
func (p *wirePeer) picture(n uint16) {
	id, part := n/3, n%3
	b := []byte{0x90, 0xe0, 0x80 | byte(id>>8)&0x7f, byte(id), 0, 0, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 1, 180, 0}
	kind := markFirst
	if part > 0 { // RFC 7741: no beginning of a partition
		b, kind = append([]byte{0x80}, b[1:6]...), markRest
	}
	_ = p.cam.WriteRTP(&rtp.Packet{
		Header:  rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(id) * 5400, Marker: part == 2},
		Payload: mark(b, p.person, kind, p.s.now()),
	})
}

func (p *wirePeer) close() {
	close(p.stop)
	p.done.Wait()
	_ = p.pc.Close()
	delete(p.s.wires, p.person)
}

func (s *stage) hush() {
	for _, p := range s.wires {
		p.close()
	}
}

// at is the state in force, from the actor itself.
func (s *stage) at() *hearing.State {
	s.t.Helper()
	ch := make(chan *hearing.State, 1)
	room := s.rooms.at(testHearing)
	require.NotNil(s.t, room)
	require.NoError(s.t, room.post(context.Background(), func() { ch <- room.eff }))
	return <-ch
}
