package main

import (
	"context"
	"fmt"
	"time"

	"phientoa/cmd/verifycli"
	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/signaling"
	"phientoa/signaling/minutebook"
	"phientoa/signaling/office"
	"phientoa/signaling/oversight"
	"phientoa/signaling/watchlog"
)

// openOffice wires calendar, booking, import and the operators' view.
func (n *node) openOffice() error {
	base := ""
	if len(n.p.Origins) > 0 {
		base = n.p.Origins[0]
	}
	scopes := n.units
	lent := oversight.NewScopes(oversight.ScopesParams{Own: scopes.of, Tree: scopes.tree, Store: n.store})
	var err error
	n.watchlog, err = watchlog.New(watchlog.Params{Store: n.store, Node: n.p.Node, Now: time.Now, Logger: n.logger})
	if err != nil {
		return err
	}
	n.watchers = oversight.New(oversight.Params{
		Courts: lent.Of, Log: n.watchlog, Live: n.rooms.Live, Note: n.access.Note, Now: time.Now, Logger: n.logger,
		Join: func(p signaling.WatchParams) (oversight.Watching, *hearing.Refusal) {
			w, ref := n.rooms.Watch(p)
			if ref != nil {
				return nil, ref // not a typed nil
			}
			return w, nil
		},
		Walls: officeWalls{n.rooms.Walls()}, Rank: scopes.rank,
		Followed: func(hearing string, list []oversight.Follower) { n.rooms.Followed(hearing, scopes.followers(list)) },
	})
	wake, err := n.openLGSP()
	if err != nil {
		return err
	}
	n.office, err = office.New(office.Params{
		Store: n.store, Officials: n.officials, Inviter: n.auth, Directory: n.store, Access: n.access,
		Book: func(ctx context.Context, h store.Hearing, names []store.PersonName, b hearing.Booking) error {
			return signaling.BookHearing(ctx, n.store, n.p.Node, h, names, b, time.Now())
		},
		Cancel:   n.rooms.CancelHearing,
		Enter:    n.officials.Enter,
		Archives: n.archives, Vault: officeVault{n.vault}, Excerpts: officeExcerpts{n.excerpts, n.vault},
		Oversight: n.watchers, SignPDF: n.signer.SignDocument, LGSP: wake,
		Overview: func(ctx context.Context, who auth.Official) (court.Scope, error) {
			return scopes.overview(ctx, who.Unit, time.Now())
		},
		Oversees: func(ctx context.Context, who auth.Official) (court.Scope, error) {
			return lent.Of(ctx, who, time.Now())
		},
		Below: scopes.below,
		Live:  n.liveHearings, BaseURL: base, Demo: n.p.demo, Logger: n.logger,
	})
	return err
}

// officeWalls gives the walls' connections as what oversight knows.
type officeWalls struct{ *signaling.Walls }

// Feed implements oversight.WallMedia.
func (w officeWalls) Feed(hearingID string, class hearing.Class, as string) (oversight.Feed, *hearing.Refusal) {
	f, ref := w.Walls.Feed(hearingID, class, as)
	if ref != nil {
		return nil, ref // not a typed nil
	}
	return f, nil
}

// Open implements oversight.WallMedia.
func (w officeWalls) Open(p signaling.WallParams) (oversight.Screen, *hearing.Refusal) {
	s, ref := w.Walls.Open(p)
	if ref != nil {
		return nil, ref // not a typed nil
	}
	return s, nil
}

// openMinutes wires the minutes of hearings.
func (n *node) openMinutes() error {
	roots, err := verifycli.Roots(n.p.PersonalCA)
	if err != nil {
		return fmt.Errorf("personal-ca: %w", err)
	}
	n.minutes, err = minutebook.New(minutebook.Params{
		Store: n.store, Who: n.officials.Who, Seat: n.auth.Session, Roots: roots, Archives: n.archives, Supplements: n.supplements, Note: n.access.Note, Logger: n.logger,
	})
	return err
}

// liveHearings is what this node knows of its live hearings, in the office's words.
func (n *node) liveHearings() []office.LiveHearing {
	list := n.rooms.Live()
	out := make([]office.LiveHearing, 0, len(list))
	for _, l := range list {
		h := office.LiveHearing{
			Hearing: l.ID, Unit: string(l.Unit), Court: n.units.name(l.Unit), DocketNo: l.DocketNo, Status: string(l.Status),
			Visibility: string(l.Visibility), Phase: string(l.Phase), Since: time.UnixMicro(l.Since).UTC(),
			Connected: l.Connected, Expected: l.Expected, Recording: l.Recording, Trouble: l.Trouble,
			Points: make([]office.LivePoint, 0, len(l.Points)),
		}
		for _, f := range l.Followers {
			h.Followers = append(h.Followers, office.LiveFollower{Unit: f.Name, People: f.People})
		}
		for _, p := range l.Points {
			h.Points = append(h.Points, office.LivePoint{ID: p.ID, Kind: string(p.Kind), Name: p.Name, Light: p.Light})
		}
		out = append(out, h)
	}
	return out
}
