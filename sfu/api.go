// Package sfu forwards media. It knows sockets, peers, sources, sections and
// grants; it knows no hearing, no role and no database. Whoever uses it says by
// grants which source reaches which peer, and the sfu obeys.
package sfu

import (
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// SourceKind is what a source carries.
type SourceKind string

// Source kinds: Mic is Opus; Cam is VP8, simulcast where the sender offers it, or
// H.264 from senders that offer no VP8.
const (
	Mic SourceKind = "mic"
	Cam SourceKind = "cam"
)

// SourceID names a source: one microphone or camera of one peer.
type SourceID struct {
	Peer string
	Kind SourceKind
}

// Audience is either one peer or one class; exactly one field is set.
type Audience struct {
	Peer  string
	Class string
}

// Yield orders pictures by who gives theirs up when the process is overloaded: the
// highest first. Sound is never given up so.
type Yield uint8

// Yields. YieldPublic and YieldMonitor are viewers, who take no part: their pictures
// begin with what is kept since the last keyframe, and together they ask a source for
// one at most every 5 s. Of the microphones granted as to a viewer they get at most 3 at
// once: those of the highest priority, among equals the loudest. When several grants reach a peer the lowest holds.
const (
	YieldNever     Yield = iota
	YieldThumbnail       // of a participant who is neither of the bench nor needed to be seen now
	YieldPublic
	YieldMonitor
)

// Grant lets Source reach Audience. Layers run from 0 (lowest); MaxLayer 255 is
// no bound.
type Grant struct {
	Source   SourceID
	Audience Audience
	Priority uint8
	MinLayer uint8
	MaxLayer uint8
	MayPause bool
	Yield    Yield
}

// Membership puts a peer into a class. A tap joins a class by Room.Tap.
type Membership struct {
	Peer  string
	Class string
}

// Routing is everything that may flow in a room. Applying one replaces the last.
type Routing struct {
	// Epoch is of the node that hosts the room; a lower one than the last is refused.
	Epoch   uint64
	Grants  []Grant
	Members []Membership
}

// SenderMode chooses who seals and sends RTP.
type SenderMode int

// SendOwn seals with our own contexts beside PeerConnection; SendPion uses
// Pion's own write path and stands as the reference.
const (
	SendOwn SenderMode = iota
	SendPion
)

// ReceiverMode chooses who takes RTP and RTCP that come in.
type ReceiverMode int

// ReceiveOwn takes them at the socket, opens them with our own contexts and gives
// the feedback itself; ReceivePion reads Pion's tracks with Pion's interceptors
// and stands as the reference.
const (
	ReceiveOwn ReceiverMode = iota
	ReceivePion
)

// Limits bound everything that a peer can make the sfu hold. Zero fields take
// the default given here.
//
// A receiver's send queue has no field: but on a line held below 1 Mbit/s, where
// pictures wait within fixed bounds (docs/limits.md), a packet is handed to the kernel
// at once or dropped. When the kernel's buffer of
// the loop's socket is full, a camera loses the rest of the picture and, unless
// nothing refers to that picture, everything up to the next keyframe; a
// microphone gets one more try for each packet.
type Limits struct {
	SectionsPerPeer   int           // receiving sections of one peer, default 64
	SourcesPerPeer    int           // sources of one peer, default 4
	LayersPerSource   int           // simulcast layers of a source, default 3
	PeersPerRoom      int           // default 1000
	HalfOpen          int           // peers of the engine that have joined and not finished their DTLS handshake, default 1000
	Streams           int           // TCP connections of the engine, default 2000
	StreamsPerPrefix  int           // of them from one IPv4 address or one /64 of IPv6, default 256
	StreamsUnproved   int           // of them without an authentic check of ICE yet, default 512
	StreamTime        time.Duration // to that check, then the connection is closed, default 10 s
	OfferBytes        int           // SDP size, default 256 KiB
	CandidatesPerPeer int           // in one offer, default 32
	RingPackets       int           // retransmission history of one layer, default 512, a power of two
	KeyframeInterval  time.Duration // least time between keyframe requests of one layer, default 500 ms
	RTXBurstBytes     int           // retransmission budget of a section, default 64 KiB
	AudioBitrate      int           // bits per second policed per microphone as receivers get them (headers of all layers down to IP), default 256 000
	VideoBitrate      int           // the same of a camera (all layers), default 8 000 000
}

// Params makes an Engine.
type Params struct {
	// Addrs are the addresses that candidates name. Each loop opens its own UDP
	// port on every one of them.
	Addrs []netip.Addr
	// Port of the first loop; loop i uses Port+i. 0 lets the system choose.
	Port uint16
	// TCP says that media may come over TCP as well, for networks that let no UDP
	// through (RFC 6544): each loop listens on every address at TCPPort+i, on any free
	// port when TCPPort is 0, and answers name it. It must not be the loop's UDP port.
	TCP     bool
	TCPPort uint16
	// Loops is the number of shards, default runtime.GOMAXPROCS(0).
	Loops    int
	Sender   SenderMode
	Receiver ReceiverMode
	Limits   Limits
	Logger   *slog.Logger
	// Registerer takes the metrics; nil registers none.
	Registerer prometheus.Registerer
	// Now is the clock of timestamps, default time.Now (monotonic inside).
	Now func() time.Time
}

// Section is a receiving m-line of a peer and the source bound to it for the
// whole session. An unbound section has a zero Source.
type Section struct {
	MID    string
	Source SourceID
}

// Publish says which source stands behind a sending m-line of an offer.
type Publish struct {
	MID  string
	Kind SourceKind
}

// Offer is a client's SDP offer.
type Offer struct {
	SDP     string
	Publish []Publish
}

// Answer is the server's SDP answer with the table MID -> source.
type Answer struct {
	SDP      string
	Sections []Section
	// NeedAudio and NeedVideo count the sections still missing for prepared sources.
	NeedAudio, NeedVideo int
}

// PausedBy says why nothing flows in a section.
type PausedBy uint8

// Reasons, the strongest first when several hold: grant, unused, lost, codec, sender,
// overload, bandwidth, policy. Unused: the device is connected and publishes no such
// source. Codec: this peer cannot decode what the source sends. Overload: the process
// gives the picture up for a while (see Yield).
const (
	NotPaused PausedBy = iota
	PausedByGrant
	PausedBySender
	PausedByBandwidth
	PausedByPolicy
	PausedByLost
	PausedByUnused
	PausedByOverload
	PausedByCodec
)

// ReceiverState is the reconciled state of one section of one peer.
type ReceiverState struct {
	MID             string
	Source          SourceID
	Granted         bool
	Wanted          bool
	CurrentLayer    int // -1: none
	TargetLayer     int // -1: none
	WaitingKeyframe bool
	PausedBy        PausedBy
}

// Hint is the size in device pixels at which a client shows a section.
type Hint struct {
	MID           string
	Width, Height int
}

// PeerState is the transport's state of a peer.
type PeerState uint8

// A peer is connecting until ICE and DTLS are up; lost when nothing authentic
// arrived for the disconnect timeout; closed is final.
const (
	PeerConnecting PeerState = iota
	PeerConnected
	PeerLost
	PeerClosed
)

// PeerObserver hears of changes. Calls come from a goroutine of the peer, in
// order, never from the packet path, and must not call back into the peer
// synchronously.
type PeerObserver interface {
	PeerState(peer string, s PeerState)
	// SectionsNeeded asks for more receiving m-lines (see Answer).
	SectionsNeeded(peer string, audio, video int)
	// ReceiverStates reports all sections after a change, at most 4 times a second.
	ReceiverStates(peer string, states []ReceiverState)
}

// LayerObserver is what a PeerObserver may implement too, when it can tell the publisher
// which of its camera's layers are of use. Without it all are expected for good. Calls
// come as those of PeerObserver do.
type LayerObserver interface {
	// LayersNeeded says that the camera behind the sending m-line is to be sent in the
	// layers of these RIDs, the lowest of the offer always among them, and need not be
	// sent in the others: nobody takes them or may take them next, for 5 s now. A
	// publisher that sends them nevertheless harms nothing. It follows each change at
	// once; before the first, all layers are needed.
	LayersNeeded(peer, mid string, rids []string)
}

// PeerParams makes a Peer.
type PeerParams struct {
	// ID is unique in the room. A second peer with the same id replaces the
	// first, which is closed; grants stay.
	ID       string
	Observer PeerObserver
	// MayPublish lists the kinds that this peer may send; others are refused.
	MayPublish []SourceKind
	// Follows binds the peer's sections to no source for good: each carries one of what
	// is granted to the peer now, connected sources first, then by priority, no source
	// twice. Prepare has no effect then. Such a peer publishes nothing (ErrBadOffer).
	Follows bool
	// Chooses: like Follows, but what its sections carry is said by Peer.Choose.
	Chooses bool
	// Onlooker: it hinders nobody. What others publish is refused (ErrCodec) when a peer
	// with a section for it cannot decode it, unless that peer is an onlooker.
	Onlooker bool
	// Classes are those that the peer is in for as long as it is joined, besides its
	// memberships of a Routing: viewers come and go without a new one.
	Classes []string
}

// Choice puts a source behind a section; the zero source: nothing.
type Choice struct {
	MID    string
	Source SourceID
}

// Chosen is what came of a Choice: pictures with an RTP timestamp after After are of the
// source; when nothing had been Sent in the section before it, all are.
type Chosen struct {
	MID   string
	Sent  bool
	After uint32
	// Still: the line carries no moving picture, or none is wanted (Peer.Stills): what
	// comes is a picture from time to time. Stands: one of what is shown there now has
	// been sent; before that, what a client shows may be of what was closed since.
	Still, Stands bool
}

// Codec of a packet.
type Codec uint8

// Codecs: H264 is constrained baseline in packetization mode 1 (RFC 6184).
const (
	Opus Codec = iota
	VP8
	H264
)

// Packet is a received media packet as taps and forwarding see it: decrypted,
// de-duplicated, redundancy opened. It is pooled and reference-counted: a tap
// that keeps it after Packet returns calls Retain before and Release later.
type Packet struct {
	Source    SourceID
	Codec     Codec
	Layer     uint8
	SSRC      uint32
	Seq       uint64 // extended sequence number (roll-over counted)
	Timestamp uint32 // RTP timestamp of the sender
	Marker    bool
	Arrival   time.Time // node clock, with monotonic reading
	Payload   []byte    // RTP payload, read only: an Opus packet, VP8 with its descriptor (RFC 7741), or H.264 as RFC 6184 packs it; empty: padding
	// Recovered: taken from a redundancy block, not from its own packet.
	Recovered bool

	refs *packetRefs
}

// SourceInfo tells a tap about a source.
type SourceInfo struct {
	Source    SourceID
	Codec     Codec
	ClockRate uint32
	Channels  uint8
}

// SenderReport pairs the sender's wall clock with its RTP clock (RFC 3550 6.4.1).
type SenderReport struct {
	Source    SourceID
	SSRC      uint32
	NTP       uint64
	Timestamp uint32
	Arrival   time.Time
}

// Tap receives the packets of every source granted to its class. No method may
// block; a slow tap keeps its own bounded queue.
type Tap interface {
	// Opened says that a source begins to reach the tap; Closed that it ceased
	// (grant closed or source gone). Nothing of a source arrives outside.
	Opened(info SourceInfo, at time.Time)
	Closed(source SourceID, at time.Time)
	Packet(p *Packet)
	SenderReport(r SenderReport)
}

// TapParams adds a Tap to a room.
type TapParams struct {
	// Class whose grants the tap gets, for instance "recorder".
	Class string
	Tap   Tap
	// MaxHeight chooses the camera layer: the best live one not above it; 0 is
	// the best. KeyframeEvery asks the senders for keyframes, 0 never; a source that
	// sends below 900 kbit/s is asked as much more seldom, up to 6 times.
	MaxHeight     int
	KeyframeEvery time.Duration
	// NeedKey, when set, is asked once a second whether the tap waits for a keyframe
	// of a camera that reaches it. It is called under the room's lock: no waiting.
	NeedKey func(SourceID) bool
}
