package bench

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"phientoa/sfu"
)

// Classes of the routing: the people of a room, its recorder, and its viewers.
const (
	roomClass   = "room"
	tapClass    = "recorder"
	viewerClass = "public"
)

// noPolice is a bitrate that no camera of a bench reaches: what is measured is
// the forwarder, not the bound of one camera.
const noPolice = 1 << 30

// ownForwarder is the sfu, used as signaling uses it: who joins is prepared,
// gets its grants by a new routing, and negotiates.
type ownForwarder struct {
	engine  *sfu.Engine
	tap     bool
	viewers bool

	mu    sync.Mutex
	rooms map[string]*ownRoom
}

// ownRoom is a room with its present routing.
type ownRoom struct {
	room   *sfu.Room
	viewed bool

	mu      sync.Mutex // also keeps routings in order
	peers   map[string]*sfu.Peer
	grants  []sfu.Grant
	members []sfu.Membership
}

func newOwnForwarder(h hello, sender sfu.SenderMode) (*ownForwarder, error) {
	sfu.TuneRuntime() // as the product does; plain Pion has the collector as Go sets it
	loops := 1
	if h.Viewers { // who looks on is on another, with a processor of Go of its own, as on two cores
		loops = 2
		runtime.GOMAXPROCS(max(loops, runtime.GOMAXPROCS(0)))
	}
	engine, err := sfu.New(sfu.Params{
		Addrs: []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, Loops: loops, Sender: sender,
		Limits: sfu.Limits{VideoBitrate: noPolice},
	})
	if err != nil {
		return nil, err
	}
	return &ownForwarder{engine: engine, tap: h.Tap, viewers: h.Viewers, rooms: map[string]*ownRoom{}}, nil
}

// enter gives the room, opened if need be, with a place for the peer in it.
func (f *ownForwarder) enter(name, peer string) (*ownRoom, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.rooms[name]
	if r == nil {
		room, err := f.engine.Room(name)
		if err != nil {
			return nil, err
		}
		r = &ownRoom{room: room, viewed: f.viewers, peers: map[string]*sfu.Peer{}}
		if f.tap {
			// Keyframes by request, as a recorder asks for them.
			if _, err := room.Tap(sfu.TapParams{Class: tapClass, Tap: &countingTap{}, MaxHeight: 720, KeyframeEvery: 10 * time.Second}); err != nil {
				room.Close()
				return nil, err
			}
		}
		f.rooms[name] = r
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.peers[peer] = nil
	return r, nil
}

// sources gives the sfu's names of a feed's streams.
func sources(feeds ...feed) []sfu.SourceID {
	var out []sfu.SourceID
	for _, f := range feeds {
		id := publisherID(f.Publisher)
		out = append(out, sfu.SourceID{Peer: id, Kind: sfu.Mic})
		if f.VideoRate > 0 {
			out = append(out, sfu.SourceID{Peer: id, Kind: sfu.Cam})
		}
	}
	return out
}

func (f *ownForwarder) join(ctx context.Context, r request) (string, error) {
	params := sfu.PeerParams{ID: r.ID, Observer: deafObserver{}}
	offer := sfu.Offer{SDP: r.SDP}
	if r.Sends != nil {
		for i, source := range sources(*r.Sends) {
			params.MayPublish = append(params.MayPublish, source.Kind)
			offer.Publish = append(offer.Publish, sfu.Publish{MID: r.MIDs[i], Kind: source.Kind})
		}
	}
	if r.Views {
		params.Classes, params.Onlooker = []string{viewerClass}, true
	}
	room, err := f.enter(r.Room, r.ID)
	if err != nil {
		return "", err
	}
	peer, err := room.room.Join(params)
	if err != nil {
		return "", err
	}
	peer.Prepare(sources(r.Receives...))
	if err := room.admit(r, peer); err != nil {
		return "", err
	}
	answer, err := peer.Negotiate(ctx, offer)
	if err != nil {
		return "", err
	}
	if answer.NeedAudio+answer.NeedVideo > 0 {
		return "", fmt.Errorf("bench: %d audio and %d video sections are missing", answer.NeedAudio, answer.NeedVideo)
	}
	var hints []sfu.Hint
	for _, s := range answer.Sections {
		if s.Source.Kind == sfu.Cam {
			hints = append(hints, sfu.Hint{MID: s.MID, Width: 1280, Height: 720})
		}
	}
	peer.Hint(hints)
	return answer.SDP, nil
}

// admit gives a peer, and what it sends, their grants.
func (r *ownRoom) admit(q request, peer *sfu.Peer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.peers[q.ID] = peer
	if q.Views { // whose class came with it
		return nil
	}
	r.members = append(r.members, sfu.Membership{Peer: q.ID, Class: roomClass})
	if q.Sends != nil {
		for _, source := range sources(*q.Sends) {
			for _, class := range []string{roomClass, tapClass} {
				r.grants = append(r.grants, sfu.Grant{Source: source, Audience: sfu.Audience{Class: class}, MaxLayer: 255})
			}
			if r.viewed { // the picture has one layer, dearer than an unproved line: it must flow
				r.grants = append(r.grants, sfu.Grant{
					Source: source, Audience: sfu.Audience{Class: viewerClass}, MaxLayer: 255, Yield: sfu.YieldPublic,
				})
			}
		}
	}
	return r.room.Apply(sfu.Routing{Epoch: 1, Grants: r.grants, Members: r.members})
}

// leave takes the peer out of the routing and closes it, and with the last one
// the room.
func (f *ownForwarder) leave(q request) error {
	f.mu.Lock()
	r := f.rooms[q.Room]
	f.mu.Unlock()
	if r == nil {
		return fmt.Errorf("bench: no room %q", q.Room)
	}
	peer, err := r.dismiss(q.ID)
	if err != nil {
		return err
	}
	if peer != nil {
		peer.Close()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.peers) == 0 {
		delete(f.rooms, q.Room)
		r.room.Close()
	}
	return nil
}

// dismiss takes the grants of a peer, and of what it sends.
func (r *ownRoom) dismiss(id string) (*sfu.Peer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	peer := r.peers[id]
	delete(r.peers, id)
	r.members = slices.DeleteFunc(r.members, func(m sfu.Membership) bool { return m.Peer == id })
	r.grants = slices.DeleteFunc(r.grants, func(g sfu.Grant) bool { return g.Source.Peer == id })
	return peer, r.room.Apply(sfu.Routing{Epoch: 1, Grants: r.grants, Members: r.members})
}

func (f *ownForwarder) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.rooms {
		r.room.Close()
	}
	return f.engine.Close()
}

// deafObserver takes what signaling would tell the clients.
type deafObserver struct{}

func (deafObserver) PeerState(string, sfu.PeerState)            {}
func (deafObserver) SectionsNeeded(string, int, int)            {}
func (deafObserver) ReceiverStates(string, []sfu.ReceiverState) {}

// countingTap stands for the recorder's side of the tap: it takes every packet
// and keeps none.
type countingTap struct{ packets atomic.Uint64 }

func (t *countingTap) Opened(sfu.SourceInfo, time.Time) {}
func (t *countingTap) Closed(sfu.SourceID, time.Time)   {}
func (t *countingTap) Packet(*sfu.Packet)               { t.packets.Add(1) }
func (t *countingTap) SenderReport(sfu.SenderReport)    {}
