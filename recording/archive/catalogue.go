//go:build !verifier

package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/time/rate"

	"phientoa/recording"
)

// Catalogue knows which sealed parts there are, so that nobody has to look through
// the files to find one.
type Catalogue interface {
	// Has tells whether it knows the part as it is now: of this size in bytes.
	Has(ctx context.Context, hearing string, part int, size int64) (bool, error)
	// Sealed tells it of a part, again after its timestamp has come, and again after
	// any doubt: the same part twice is a success.
	Sealed(ctx context.Context, p SealedPart) error
}

// MaxListed bounds the gaps and damages of one SealedPart; the counts count on.
const MaxListed = 500

// SealedPart is what a catalogue keeps of a sealed file.
type SealedPart struct {
	Hearing  string
	Part     int    // from 1
	Node     string // that has the file
	Path     string // below one of the directories of the node's evidence, with slashes
	Size     int64  // bytes
	SHA256   [sha256.Size]byte
	Manifest [sha256.Size]byte // of the list that is sealed
	Root     [sha256.Size]byte // of the last checkpoint
	Lines    uint64
	BeganT   int64 // of the first line, UTC unix microseconds
	EndedT   int64 // of the last line
	Tracks   []recording.Track
	Gaps     []recording.Gap // the first MaxListed
	GapCount int
	// Damages of the file and of the evidence in it when it was sealed, the first
	// MaxListed.
	Damages     []string
	DamageCount int   // at least so many
	Seal        *Seal // of the node
	Court       *Seal // of the court, over the node's; nil: none, or none yet
	Stamped     bool
	SealedAt    time.Time // as the signer states it
}

// describe reads a sealed file for a catalogue. known is what reading it found; nil
// reads it now.
func describe(ctx context.Context, path string, known *content, limit *rate.Limiter) (p SealedPart, err error) {
	p.Hearing = filepath.Base(filepath.Dir(path))
	p.Path = p.Hearing + "/" + filepath.Base(path)
	if p.Part, err = partNumber(path); err != nil {
		return p, err
	}
	r, size, c, err := OpenContainer(path)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	p.Size = size
	if known == nil {
		now, err := Pace{Limit: limit}.begin(ctx).read(r, size)
		if err != nil {
			return p, err
		}
		known = &now
	}
	p.SHA256 = known.sum
	return p, p.take(known.report)
}

// take copies what a catalogue keeps of a report.
func (p *SealedPart) take(r Report) error {
	manifest, err := hex.DecodeString(r.Container.Manifest)
	if r.Unreadable != "" || err != nil || len(manifest) != len(p.Manifest) || r.Evidence == nil || len(r.Evidence.Parts) != 1 {
		return fmt.Errorf("archive: %s is not a sealed part: %s", p.Path, r.Unreadable)
	}
	copy(p.Manifest[:], manifest)
	part := r.Evidence.Parts[0]
	p.Node, p.Root, p.Lines = part.Node, part.Log.Root, part.Log.Size
	p.BeganT, p.EndedT = part.Log.FirstT, part.Log.LastT
	p.Tracks, p.GapCount = r.Evidence.Tracks, len(r.Evidence.Gaps)
	p.Gaps = r.Evidence.Gaps[:min(len(r.Evidence.Gaps), MaxListed)]
	for _, d := range r.Container.Damages {
		p.Damages = append(p.Damages, d.Code+" "+d.Entry)
	}
	for _, d := range r.Evidence.Damages {
		p.Damages = append(p.Damages, d.Code+" "+d.File)
	}
	p.DamageCount = len(p.Damages)
	p.Damages = p.Damages[:min(len(p.Damages), MaxListed)]
	p.Court = r.Container.Court
	if p.Seal = r.Container.Seal; p.Seal != nil {
		p.Stamped, p.SealedAt = p.Seal.Timestamp != nil, p.Seal.SigningTime
	}
	return nil
}

// catalogue tells the catalogue of a sealed file that it does not know as it is.
// read is what reading the file found; nil: it was not read.
func (j *Job) catalogue(ctx context.Context, part string, read *content) error {
	if j.p.Catalogue == nil {
		return nil
	}
	path := part + Ext
	_, size, c, err := OpenContainer(path)
	if err != nil {
		return err
	}
	number, err := partNumber(path)
	if err = errors.Join(err, c.Close()); err != nil {
		return err
	}
	known, err := j.p.Catalogue.Has(ctx, filepath.Base(filepath.Dir(path)), number, size)
	if known {
		return nil
	}
	var p SealedPart
	if err == nil {
		p, err = describe(ctx, path, read, j.limit)
	}
	if err == nil {
		err = j.p.Catalogue.Sealed(ctx, p)
	}
	if err != nil {
		return fmt.Errorf("archive: sealed, not in the catalogue: %w", err)
	}
	return nil
}
