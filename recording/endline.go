//go:build !verifier

package recording

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"

	"phientoa/internal/ledger"
)

// endLog writes the end line behind everything else, signs it and closes the log. No
// event comes in between. A log whose lines cannot be read back ends without its strands:
// excerpts of it then have the larger proof.
func (p *Part) endLog(ctx context.Context, reason string) (cp ledger.Checkpoint, err error) {
	p.ev.mu.Lock()
	defer p.ev.mu.Unlock()
	body := endBody{Reason: reason, Events: p.ev.last}
	if size, err := p.log.Size(ctx); err == nil {
		if body.Strands, err = strandsOf(p.fs, size); err != nil {
			p.p.Logger.Warn("end line without strands", "hearing", p.p.Hearing, "part", p.number, "error", err)
		}
	} // else the end line fails too
	line, err := json.Marshal(body)
	if err != nil {
		return cp, fmt.Errorf("recording: %w", err)
	}
	return p.log.End(ctx, line)
}

// strandsOf reads the first size lines of a log, which are all.
func strandsOf(fsys fs.FS, size uint64) ([]Strand, error) {
	var s strands
	n := uint64(0)
	err := ledger.Lines(fsys, func(l ledger.Line) (bool, error) {
		n++
		var b struct {
			Track string `json:"track"`
		}
		if StrandOf(l.Kind, "t") != "" && l.Kind != ledger.KindEvent {
			if err := json.Unmarshal(l.Members, &b); err != nil {
				return false, fmt.Errorf("line %d: %w", l.I, err)
			}
		}
		s.add(l, b.Track)
		return true, nil
	})
	if err == nil && n != size {
		err = fmt.Errorf("%d lines of %d", n, size)
	}
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	return s.list(), nil
}
