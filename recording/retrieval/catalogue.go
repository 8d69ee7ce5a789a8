// Package retrieval is how officials find sealed evidence again and get to see it:
// which parts there are, who asked to see them for what, who allowed it until when,
// who saw what, and whether the files are still what was sealed.
package retrieval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/recording"
	"phientoa/recording/archive"
)

// Catalogue keeps what the sealing job tells in the database.
type Catalogue struct {
	Store  store.Archives
	Logger *slog.Logger
}

var _ archive.Catalogue = Catalogue{}

// Facts are what cards show of a part beside its figures.
type Facts struct {
	Tracks  []recording.Track `json:"tracks"`
	Gaps    []recording.Gap   `json:"gaps"`            // the first archive.MaxListed
	Damages []string          `json:"damages"`         // when it was sealed, the first archive.MaxListed
	Seal    *archive.Seal     `json:"seal"`            // of the node
	Court   *archive.Seal     `json:"court,omitempty"` // of the court
}

// Has implements archive.Catalogue. A part of a hearing that the database does not
// know, as after a restore of an older one, is nothing to catalogue.
func (c Catalogue) Has(ctx context.Context, hearing string, part int, size int64) (bool, error) {
	parts, err := c.Store.ArchiveParts(ctx, court.SystemScope(), hearing)
	if errors.Is(err, store.ErrNotFound) {
		c.Logger.Error("sealed part of a hearing that the database does not know", "hearing", hearing, "part", part)
		return true, nil
	}
	if err != nil {
		return false, err
	}
	for _, p := range parts {
		if p.Part == part {
			return p.Size == size, nil
		}
	}
	return false, nil
}

// Sealed implements archive.Catalogue.
func (c Catalogue) Sealed(ctx context.Context, p archive.SealedPart) error {
	f := Facts{Tracks: p.Tracks, Gaps: p.Gaps, Damages: p.Damages, Seal: p.Seal, Court: p.Court}
	text, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("retrieval: facts: %w", err)
	}
	return c.Store.PutArchivePart(ctx, court.SystemScope(), store.ArchivePart{
		Hearing: p.Hearing, Part: p.Part, Node: p.Node, Path: p.Path, Size: p.Size, SHA256: p.SHA256,
		Manifest: p.Manifest, Root: p.Root, Lines: p.Lines, Began: p.BeganT, Ended: p.EndedT,
		Gaps: p.GapCount, Damages: p.DamageCount, Stamped: p.Stamped, Sealed: p.SealedAt, Facts: text,
	})
}
