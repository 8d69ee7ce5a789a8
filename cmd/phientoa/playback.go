package main

import (
	"net/http"
	"path/filepath"

	"phientoa/recording/playback"
	"phientoa/recording/retrieval"
	"phientoa/signaling"
)

// openPlayback makes what sealed parts are watched by, and the films made of them.
func (n *node) openPlayback() error {
	renders, err := playback.NewRenders(filepath.Join(n.p.DataDir, "renders"), n.p.RenderRate<<20, n.logger)
	if err != nil {
		return err
	}
	n.renders = renders
	h := playback.New(retrieval.Source{
		Officials: n.officials, Archives: n.archives, Store: n.store, Vault: n.vault, Access: n.access,
	}, n.logger)
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
