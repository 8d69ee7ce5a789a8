package bench

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"phientoa/sfu"
)

// Classes of the routing: one of those who see publisher i, and the recorder.
const tapClass = "recorder"

func audienceOf(publisher int) string { return "see-" + publisherID(publisher) }

// ownForwarder is the sfu, used as signaling uses it: who joins is prepared,
// gets its grants by a new routing, and negotiates.
type ownForwarder struct {
	engine *sfu.Engine
	room   *sfu.Room
	grants []sfu.Grant

	mu      sync.Mutex // also keeps routings in order
	members []sfu.Membership
	epoch   uint64
}

func newOwnForwarder(h hello, sender sfu.SenderMode) (*ownForwarder, error) {
	engine, err := sfu.New(sfu.Params{
		Addrs: []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, Loops: 1, Sender: sender,
	})
	if err != nil {
		return nil, err
	}
	f := &ownForwarder{engine: engine, epoch: 1}
	if f.room, err = engine.Room("bench"); err != nil {
		_ = engine.Close()
		return nil, err
	}
	for i := range h.Publishers {
		for _, kind := range []sfu.SourceKind{sfu.Mic, sfu.Cam} {
			for _, class := range []string{audienceOf(i), tapClass} {
				f.grants = append(f.grants, sfu.Grant{
					Source: sfu.SourceID{Peer: publisherID(i), Kind: kind}, Audience: sfu.Audience{Class: class}, MaxLayer: 255,
				})
			}
		}
	}
	if h.Tap {
		// Keyframes by request, as a recorder asks for them.
		if _, err := f.room.Tap(sfu.TapParams{Class: tapClass, Tap: &countingTap{}, MaxHeight: 720, KeyframeEvery: 10 * time.Second}); err != nil {
			_ = engine.Close()
			return nil, err
		}
	}
	return f, nil
}

func (f *ownForwarder) join(ctx context.Context, r joinRequest) (string, error) {
	params := sfu.PeerParams{ID: r.ID, Observer: deafObserver{}}
	offer := sfu.Offer{SDP: r.SDP}
	if r.Publisher >= 0 {
		params.MayPublish = []sfu.SourceKind{sfu.Mic, sfu.Cam}
		offer.Publish = []sfu.Publish{{MID: r.AudioMID, Kind: sfu.Mic}, {MID: r.VideoMID, Kind: sfu.Cam}}
	}
	peer, err := f.room.Join(params)
	if err != nil {
		return "", err
	}
	var sources []sfu.SourceID
	for _, publisher := range r.Receives {
		id := publisherID(publisher)
		sources = append(sources, sfu.SourceID{Peer: id, Kind: sfu.Mic}, sfu.SourceID{Peer: id, Kind: sfu.Cam})
	}
	peer.Prepare(sources)
	if err := f.admit(r); err != nil {
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

// admit gives a peer its grants.
func (f *ownForwarder) admit(r joinRequest) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, publisher := range r.Receives {
		f.members = append(f.members, sfu.Membership{Peer: r.ID, Class: audienceOf(publisher)})
	}
	return f.room.Apply(sfu.Routing{Epoch: f.epoch, Grants: f.grants, Members: f.members})
}

func (f *ownForwarder) close() error {
	f.room.Close()
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
