package main

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"

	"phientoa/internal/archives"
	"phientoa/internal/auth"
	"phientoa/internal/store"
	"phientoa/recording/playback"
	"phientoa/recording/retrieval"
	"phientoa/signaling"
)

// openPlayback makes what sealed parts are watched by, and the films made of them.
func (n *node) openPlayback() error {
	renders, err := playback.NewRenders(filepath.Join(n.p.DataDir, "renders"), n.logger)
	if err != nil {
		return err
	}
	n.renders = renders
	h := playback.New(grantedParts{retrieval.Source{
		Officials: n.officials, Archives: n.archives, Store: n.store, Vault: n.vault, Access: n.access,
	}}, n.logger)
	mux := http.NewServeMux()
	h.Register(mux)
	h.RegisterRenders(mux, renders)
	n.playback = signaling.Secured(http.NewCrossOriginProtection().Handler(mux))
	return nil
}

// playbackPatterns are the addresses of playback; all else below archives is the office's.
func playbackPatterns() []string {
	const part = "/api/v1/archives/{hearing}/parts/{part}/"
	return []string{part + "index", part + "tracks/{track}", part + "render", part + "render/file"}
}

// grantedParts opens parts under a grant, with refusals in the player's words.
type grantedParts struct{ from retrieval.Source }

// Part implements playback.Source.
func (g grantedParts) Part(r *http.Request, hearing string, part int) (playback.Opened, error) {
	o, err := g.from.Part(r, hearing, part)
	var refused *archives.Refusal
	switch {
	case err == nil:
		return playback.Opened{
			Key: o.Key, Open: o.Open, Watermark: o.Watermark, Allowed: o.Allowed, Download: o.Download, Log: o.Log, Still: o.Still,
		}, nil
	case errors.As(err, &refused):
		err = &playback.Refusal{Status: http.StatusConflict, Code: refused.Code, Vi: refused.Vi, En: refused.En}
	case errors.Is(err, auth.ErrNoSession):
		err = &playback.Refusal{Status: http.StatusUnauthorized, Code: "sign_in", Vi: "Vui lòng đăng nhập lại.", En: "Please sign in again."}
	case errors.Is(err, store.ErrNotFound):
		err = &playback.Refusal{Status: http.StatusNotFound, Code: "not_found", Vi: "Không tìm thấy.", En: "Not found."}
	case errors.Is(err, retrieval.ErrElsewhere):
		err = &playback.Refusal{
			Status: http.StatusServiceUnavailable, Code: "elsewhere",
			Vi: "Tệp đang ở máy chủ khác của Tòa án. Vui lòng thử lại sau.", En: "The file is on another server of the court. Please try again later.",
		}
	default:
		err = fmt.Errorf("archive: %w", err)
	}
	return playback.Opened{}, err
}
