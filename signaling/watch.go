package signaling

import (
	"context"
	"errors"
	"sync"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/sfu"
)

// WatchParams are of somebody who follows a hearing from outside: a monitor, who has no
// seat in it, sends nothing, and of whom the hearing's state knows nothing.
type WatchParams struct {
	Hearing string
	// Viewer is unique among all who watch; an RFC 4566 token.
	Viewer string
	// Unit is whose monitor it is. That the hearing lies in its scope was found before.
	Unit court.UnitID
	// Flows is called when the connection is up, and with false when it is lost; in order,
	// by the connection's own goroutine.
	Flows func(yes bool)
	// Ended is called when the connection is over: it was lost, the hearing ended here, or
	// Close. The connection's own goroutine calls it; it waits for nothing.
	Ended func()
}

// Watching is a monitor's connection. What flows is decided by the hearing's routes in
// every moment: while the court lets nobody follow, nothing does.
type Watching struct {
	peer  MediaPeer
	video string // MID of the picture, "" before the offer
	mu    sync.Mutex
}

// Watch begins to follow a hearing that this node hosts. Refusals: not_live when there is
// nothing to follow here, not_released by the court's decision, overloaded.
func (rs *Rooms) Watch(p WatchParams) (*Watching, *hearing.Refusal) {
	r := rs.at(p.Hearing)
	if r == nil || r.p.media == nil {
		return nil, refuseNotLive()
	}
	l := r.live.Load()
	switch {
	case l == nil || l.Status.Over():
		return nil, refuseNotLive()
	case !l.Monitored(p.Unit):
		return nil, refuseNotReleased()
	}
	o := watchObserver{flows: p.Flows, ended: p.Ended}
	peer, err := r.p.media.Join(sfu.PeerParams{
		ID: p.Viewer, Observer: o, Follows: true, Onlooker: true,
		// Both: the routes say which of them is granted anything.
		Classes: []string{string(hearing.ClassMonitors), string(hearing.MonitorsOf(p.Unit))},
	})
	switch {
	case errors.Is(err, sfu.ErrOverload):
		return nil, refuseOverloaded()
	case errors.Is(err, sfu.ErrClosed):
		return nil, refuseNotLive()
	case err != nil:
		r.logger.Warn("monitor not joined", "viewer", p.Viewer, "err", err)
		return nil, refuseMediaFailed()
	}
	return &Watching{peer: peer}, nil
}

// Offer answers the browser's offer, which may only receive.
func (w *Watching) Offer(ctx context.Context, sdp string) (string, *hearing.Refusal) {
	a, err := w.peer.Negotiate(ctx, sfu.Offer{SDP: sdp})
	switch {
	case errors.Is(err, sfu.ErrBadOffer), errors.Is(err, sfu.ErrLimit), errors.Is(err, sfu.ErrCodec):
		return "", refuseWatchOffer()
	case err != nil:
		return "", refuseMediaFailed()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range a.Sections {
		if s.Source.Kind == sfu.Cam {
			w.video = s.MID
		}
	}
	return a.SDP, nil
}

// Show says at what size in pixels the picture is shown; 0 x 0: not at all.
func (w *Watching) Show(width, height int) {
	w.mu.Lock()
	mid := w.video
	w.mu.Unlock()
	if mid != "" {
		w.peer.Hint([]sfu.Hint{{MID: mid, Width: width, Height: height}})
	}
}

// Camera says whose camera is to be seen, "" for that of the highest priority: who has the
// floor, then the bench. While the hearing's routes do not grant it that one is seen.
func (w *Watching) Camera(device string) {
	id := sfu.SourceID{}
	if device != "" {
		id = sfu.SourceID{Peer: device, Kind: sfu.Cam}
	}
	w.peer.Prefer(id)
}

// Close ends it: nothing flows when it returns.
func (w *Watching) Close() { w.peer.Close() }

// watchObserver follows the state of a monitor's connection.
type watchObserver struct {
	flows func(bool)
	ended func()
}

// PeerState implements sfu.PeerObserver.
func (o watchObserver) PeerState(_ string, s sfu.PeerState) {
	switch s {
	case sfu.PeerConnected:
		o.flows(true)
	case sfu.PeerLost:
		o.flows(false)
	case sfu.PeerClosed:
		o.ended()
	}
}

// SectionsNeeded implements sfu.PeerObserver; who follows needs none.
func (watchObserver) SectionsNeeded(string, int, int) {}

// ReceiverStates implements sfu.PeerObserver.
func (watchObserver) ReceiverStates(string, []sfu.ReceiverState) {}

// Refusals of Watch and Offer.
func refuseNotLive() *hearing.Refusal {
	return refusal("not_live", "Phiên tòa này hiện không diễn ra.", "This hearing is not in progress now.")
}

func refuseNotReleased() *hearing.Refusal {
	return refusal("not_released", "Tòa án chưa cho phép theo dõi trực tuyến phiên tòa này.",
		"The court has not released this hearing for online monitoring.")
}

func refuseWatchOffer() *hearing.Refusal {
	return refusal("media_offer", "Trình duyệt này không nhận được hình và tiếng của phiên tòa.",
		"This browser cannot receive picture and sound of the hearing.")
}
