package signaling

import (
	"context"
	"errors"
	"sync"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/sfu"
)

// wallRoom is the sfu room of the walls; hearings have UUIDs.
const wallRoom = "wall"

// Walls is where pictures of this node's hearings stand side by side for those who
// follow from outside: one small picture of each, without sound, the one that a monitor
// of the hearing would see. However many look, a hearing is tapped once.
type Walls struct {
	rs *Rooms

	mu   sync.Mutex
	room MediaRoom // opened by the first wall
}

// Walls makes the node's, of which there is one.
func (rs *Rooms) Walls() *Walls { return &Walls{rs: rs} }

// sfu opens the room of the walls.
func (w *Walls) sfu() (*sfu.Room, *hearing.Refusal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.room == nil {
		if w.rs.p.Media == nil {
			return nil, refuseMediaFailed()
		}
		room, err := w.rs.p.Media.Room(wallRoom)
		if err != nil {
			w.rs.p.Logger.Error("room of the walls not opened", "err", err)
			return nil, refuseMediaFailed()
		}
		w.room = room
	}
	r := w.room.SFU()
	if r == nil {
		return nil, refuseMediaFailed()
	}
	return r, nil
}

// Feed brings the hearing's picture to the walls under the name as, as long as the class
// may follow it, until that is closed or the hearing ends here. Refusals: not_live,
// overloaded.
func (w *Walls) Feed(hearingID string, class hearing.Class, as string) (*sfu.Feed, *hearing.Refusal) {
	r := w.rs.at(hearingID)
	if r == nil || r.p.media == nil || r.p.media.SFU() == nil {
		return nil, refuseNotLive()
	}
	into, ref := w.sfu()
	if ref != nil {
		return nil, ref
	}
	f, err := r.p.media.SFU().Feed(sfu.FeedParams{Class: string(class), Into: into, As: as})
	switch {
	case errors.Is(err, sfu.ErrClosed):
		return nil, refuseNotLive()
	case err != nil:
		return nil, refuseOverloaded()
	}
	return f, nil
}

// WallGrant lets a unit's walls show what is fed under a name.
type WallGrant struct {
	As   string
	Unit court.UnitID
}

// Apply says what may be shown to whom; what may no more is not sent when it returns.
func (w *Walls) Apply(grants []WallGrant) error {
	r, ref := w.sfu()
	if ref != nil {
		return ref
	}
	rt := sfu.Routing{Epoch: 1, Grants: make([]sfu.Grant, 0, len(grants))}
	for _, g := range grants {
		rt.Grants = append(rt.Grants, sfu.Grant{
			Source: wallSource(g.As), Audience: sfu.Audience{Class: wallClass(g.Unit)},
			MaxLayer: 255, MayPause: true, Yield: sfu.YieldMonitor,
		})
	}
	return r.Apply(rt) //nolint:wrapcheck // the engine is going
}

func wallSource(as string) sfu.SourceID { return sfu.SourceID{Peer: as, Kind: sfu.Cam} }

func wallClass(u court.UnitID) string { return "unit:" + string(u) }

// WallParams are of somebody who opens a wall.
type WallParams struct {
	Viewer string // unique among all who watch; an RFC 4566 token
	Unit   court.UnitID
	// Flows and Ended are those of WatchParams.
	Flows func(yes bool)
	Ended func()
}

// Wall is the connection of one wall.
type Wall struct{ peer *sfu.Peer }

// Open begins a wall, on which nothing is shown yet.
func (w *Walls) Open(p WallParams) (*Wall, *hearing.Refusal) {
	r, ref := w.sfu()
	if ref != nil {
		return nil, ref
	}
	peer, err := r.Join(sfu.PeerParams{
		ID: p.Viewer, Observer: watchObserver{flows: p.Flows, ended: p.Ended}, Chooses: true, Onlooker: true,
		Classes: []string{wallClass(p.Unit)},
	})
	switch {
	case errors.Is(err, sfu.ErrOverload), errors.Is(err, sfu.ErrLimit):
		return nil, refuseOverloaded()
	case err != nil:
		w.rs.p.Logger.Warn("wall not opened", "viewer", p.Viewer, "err", err)
		return nil, refuseMediaFailed()
	}
	return &Wall{peer: peer}, nil
}

// Offer answers the browser's offer, which may only receive; places are the MIDs of its
// pictures.
func (w *Wall) Offer(ctx context.Context, sdp string) (answer string, places []string, ref *hearing.Refusal) {
	a, err := w.peer.Negotiate(ctx, sfu.Offer{SDP: sdp})
	switch {
	case errors.Is(err, sfu.ErrBadOffer), errors.Is(err, sfu.ErrLimit), errors.Is(err, sfu.ErrCodec):
		return "", nil, refuseWatchOffer()
	case err != nil:
		return "", nil, refuseMediaFailed()
	}
	for _, s := range a.Sections {
		if s.Source.Kind == sfu.Cam {
			places = append(places, s.MID)
		}
	}
	return a.SDP, places, nil
}

// WallTile is a place of a wall and what is to be shown there, "" for nothing.
type WallTile struct {
	Place string
	As    string
	// Of what came of it: pictures with an RTP timestamp after After are of As; before
	// anything was Sent in the place, all are.
	Sent  bool
	After uint32
	// Still: the line carries no moving picture, or none is wanted; it is renewed from time
	// to time. Stands: one of what stands there now has been sent.
	Still, Stands bool
}

// Show fills places and returns what came of it.
func (w *Wall) Show(tiles []WallTile) []WallTile {
	list := make([]sfu.Choice, 0, len(tiles))
	as := map[string]string{}
	for _, t := range tiles {
		c := sfu.Choice{MID: t.Place}
		if t.As != "" {
			c.Source = wallSource(t.As)
		}
		list, as[t.Place] = append(list, c), t.As
	}
	out := make([]WallTile, 0, len(tiles))
	for _, c := range w.peer.Choose(list) {
		out = append(out, WallTile{Place: c.MID, As: as[c.MID], Sent: c.Sent, After: c.After, Still: c.Still, Stands: c.Stands})
	}
	return out
}

// Stills says whether nothing on the wall is to move.
func (w *Wall) Stills(only bool) { w.peer.Stills(only) }

// Close ends it: nothing flows when it returns.
func (w *Wall) Close() { w.peer.Close() }
