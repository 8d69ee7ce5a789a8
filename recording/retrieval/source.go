package retrieval

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"

	"phientoa/internal/archives"
	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Officials tells which official a request is from; auth.Officials does.
type Officials interface {
	// Who gives auth.ErrNoSession when nobody is signed in.
	Who(r *http.Request) (auth.Official, error)
}

// AccessLog takes entries for the court's access log; accesslog.Log is one.
type AccessLog interface {
	Note(unit court.UnitID, hearing, account, what string)
}

// Source opens parts for whoever may see them: it is what a player asks.
type Source struct {
	Officials Officials
	Archives  *archives.Archives
	Store     store.Archives
	Vault     *Vault
	Access    AccessLog // may be nil
}

// Opened is a part that somebody may see now. Its fields are those of the player's
// own type, so that one converts into the other.
type Opened struct {
	// Key is the SHA-256 of the file, hex.
	Key  string
	Open func() (io.ReaderAt, int64, io.Closer, error)
	// Watermark says who sees it and by which permission.
	Watermark string
	// Allowed is nil, all tracks: the evidence has no seal classes of its own yet, so
	// a permission is for a hearing as a whole.
	Allowed func(track string) bool
	// Download tells whether a film made of it may be taken away.
	Download bool
	// Log notes what is done with it, before it is done: when it fails, nothing may
	// be shown. "render" is one thing, everything else is viewing.
	Log func(ctx context.Context, what string) error
	// Still tells whether the permission holds at this moment.
	Still func(ctx context.Context) bool
}

// Render is what Log is told of a derived film.
const Render = "render"

// Part opens a part for the official of the request. Beside errors of the database
// it gives auth.ErrNoSession, store.ErrNotFound (also for what is foreign, and for
// roles that never see recordings), *archives.Refusal and ErrElsewhere.
func (s Source) Part(r *http.Request, hearing string, part int) (Opened, error) {
	ctx := r.Context()
	who, err := s.Officials.Who(r)
	if err != nil {
		return Opened{}, err
	}
	if who.Token != "" || !who.Has(store.RoleClerk, store.RoleJudge, store.RoleChiefJudge, store.RoleArchivist) {
		s.note(who, hearing, "denied.archive.role")
		return Opened{}, store.ErrNotFound
	}
	reach, err := s.Archives.Reach(ctx, who.Unit)
	if err != nil {
		return Opened{}, err
	}
	parts, err := s.Store.ArchiveParts(ctx, reach.Scope, hearing)
	if err != nil {
		return Opened{}, err
	}
	for _, p := range parts {
		if p.Part == part {
			return s.open(ctx, who, reach.Scope, p)
		}
	}
	return Opened{}, store.ErrNotFound
}

func (s Source) open(ctx context.Context, who auth.Official, sc court.Scope, p store.ArchivePart) (Opened, error) {
	grant, err := s.Archives.Grant(ctx, who, sc, p.Hearing, false)
	if err != nil {
		s.note(who, p.Hearing, "denied.archive.grant")
		return Opened{}, err
	}
	if _, err := s.Vault.Path(p); err != nil {
		return Opened{}, err
	}
	_, err = s.Archives.Grant(ctx, who, sc, p.Hearing, true)
	var refused *archives.Refusal
	if err != nil && !errors.As(err, &refused) {
		return Opened{}, err
	}
	return Opened{
		Download: err == nil,
		Key:      hex.EncodeToString(p.SHA256[:]), Watermark: label(who, grant),
		Open: func() (io.ReaderAt, int64, io.Closer, error) { return s.Vault.Open(p) },
		Log: func(ctx context.Context, what string) error {
			if what != Render {
				what = "view"
			}
			s.note(who, p.Hearing, "archive."+what)
			return s.Archives.Saw(ctx, sc, store.ArchiveView{Hearing: p.Hearing, Part: p.Part, Account: who.ID, Request: grant.ID, What: what})
		},
		Still: func(ctx context.Context) bool {
			ok, err := s.Archives.Still(ctx, sc, grant.ID)
			return err == nil && ok
		},
	}, nil
}

func (s Source) note(who auth.Official, hearing, what string) {
	if s.Access != nil {
		s.Access.Note(who.Unit, hearing, who.ID, what)
	}
}

// label names who watches and the end of the request's id, by which it is found
// again: a picture of the screen tells where it came from.
func label(who auth.Official, grant store.ArchiveRequest) string {
	return who.Name + " · " + grant.ID[max(0, len(grant.ID)-12):]
}
