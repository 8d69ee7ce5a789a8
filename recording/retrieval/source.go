package retrieval

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"

	"phientoa/internal/archives"
	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/recording/playback"
)

// AccessLog takes entries for the court's access log; accesslog.Log is one.
type AccessLog interface {
	Note(unit court.UnitID, hearing, account, what string)
}

// Source opens parts for whoever may see them: it is what a player asks.
type Source struct {
	Officials archives.Officials
	Archives  *archives.Archives
	Store     store.Archives
	Vault     *Vault
	Access    AccessLog // may be nil
}

var _ playback.Source = Source{}

// Part implements playback.Source: it opens a part for the official of the request,
// with refusals in the player's words. Other errors are those of the database.
func (s Source) Part(r *http.Request, hearing string, part int) (playback.Opened, error) {
	o, err := s.part(r, hearing, part)
	var refused *archives.Refusal
	switch {
	case err == nil:
		return o, nil
	case errors.As(err, &refused):
		err = &playback.Refusal{Status: http.StatusConflict, Code: refused.Code, Vi: refused.Vi, En: refused.En}
	case errors.Is(err, auth.ErrNoSession):
		err = &playback.Refusal{Status: http.StatusUnauthorized, Code: "sign_in", Vi: "Vui lòng đăng nhập lại.", En: "Please sign in again."}
	case errors.Is(err, store.ErrNotFound):
		err = &playback.Refusal{Status: http.StatusNotFound, Code: "not_found", Vi: "Không tìm thấy.", En: "Not found."}
	case errors.Is(err, ErrElsewhere):
		err = &playback.Refusal{
			Status: http.StatusServiceUnavailable, Code: "elsewhere",
			Vi: "Tệp đang ở máy chủ khác của Tòa án. Vui lòng thử lại sau.", En: "The file is on another server of the court. Please try again later.",
		}
	default:
		err = fmt.Errorf("archive: %w", err)
	}
	return playback.Opened{}, err
}

// part gives store.ErrNotFound also for what is foreign, and for roles that never see
// recordings.
func (s Source) part(r *http.Request, hearing string, part int) (playback.Opened, error) {
	ctx := r.Context()
	who, err := s.Officials.Who(r)
	if err != nil {
		return playback.Opened{}, err
	}
	if who.Token != "" || !who.Has(archives.Roles()...) {
		s.note(who, hearing, "denied.archive.role")
		return playback.Opened{}, store.ErrNotFound
	}
	reach, err := s.Archives.Reach(ctx, who.Unit)
	if err != nil {
		return playback.Opened{}, err
	}
	parts, err := s.Store.ArchiveParts(ctx, reach.Scope, hearing)
	if err != nil {
		return playback.Opened{}, err
	}
	for _, p := range parts {
		if p.Part == part {
			return s.open(r, who, reach.Scope, p)
		}
	}
	return playback.Opened{}, store.ErrNotFound
}

func (s Source) open(r *http.Request, who auth.Official, sc court.Scope, p store.ArchivePart) (playback.Opened, error) {
	ctx := r.Context()
	view, err := s.Archives.Grant(ctx, who, sc, p.Hearing, false)
	if err != nil {
		s.note(who, p.Hearing, "denied.archive.grant")
		return playback.Opened{}, err
	}
	if _, err := s.Vault.Path(p); err != nil {
		return playback.Opened{}, err
	}
	take, err := s.Archives.Grant(ctx, who, sc, p.Hearing, true)
	var refused *archives.Refusal
	if err != nil && !errors.As(err, &refused) {
		return playback.Opened{}, err
	}
	return playback.Opened{
		Download: err == nil,
		Key:      hex.EncodeToString(p.SHA256[:]), Watermark: label(who, view),
		Open: func() (io.ReaderAt, int64, io.Closer, error) { return s.Vault.Open(p) },
		Log: func(ctx context.Context, what string) error {
			grant := take // a film is taken away by the permission that says so
			if what != playback.Film {
				what, grant = "view", view
			}
			s.note(who, p.Hearing, "archive."+what)
			return s.Archives.Saw(ctx, sc, store.ArchiveView{Hearing: p.Hearing, Part: p.Part, Account: who.ID, Request: grant.ID, What: what})
		},
		Still: func(ctx context.Context, what string) bool {
			if what == playback.Rendering {
				ok, err := s.Archives.Holds(ctx, sc, view.ID, false)
				return err == nil && ok
			}
			grant := view
			if what == playback.Film {
				grant = take
			}
			ok, err := s.Archives.Still(r.WithContext(ctx), s.Officials, sc, grant, what == playback.Film)
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
