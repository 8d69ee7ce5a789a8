//go:build !verifier

package recording

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"phientoa/internal/ledger"
)

// Exhibited is a document that the court admitted, as the state log names it.
type Exhibited struct {
	No     int    // its number in the hearing, from 1
	Type   string // media type: application/pdf, image/png or image/jpeg
	SHA256 string // lower-case hex, of the file
	// Body reads the file; it is asked only when the part lacks it.
	Body func(ctx context.Context) ([]byte, error)
}

// exhibits keeps which documents stand in this part.
type exhibits struct {
	// turn (capacity 1) is held by who reads or writes the rest. Writing to a disk that
	// hangs holds it for ever, so that it is waited for with a context.
	turn  chan struct{}
	have  map[int]string // by number: the digest of what stands here whole
	named []string       // files that lines name, torn ones too
	tried []string       // files handed to the log: a line may name them, never cut them
	over  bool           // the part ends: nothing is written any more
}

// ErrExhibit: a document outside of what a part takes; it is not written.
var ErrExhibit = errors.New("recording: not an exhibit")

// Exhibit puts a document into the part, once: the file is durable before the line of
// the log that names it, and both are when it returns nil. A document that stands here
// already is left as it is.
func (p *Part) Exhibit(ctx context.Context, x Exhibited) error {
	ext := exhibitExt(x.Type)
	if x.No < 1 || x.No > maxExhibit || ext == "" {
		return ErrExhibit
	}
	e := &p.ex
	if err := e.take(ctx); err != nil {
		return fmt.Errorf("recording: exhibit %d: %w", x.No, err)
	}
	defer func() { <-e.turn }()
	if e.over {
		return fmt.Errorf("recording: exhibit %d: %w", x.No, ledger.ErrClosed)
	}
	if e.have[x.No] == x.SHA256 {
		return nil
	}
	file, err := x.Body(ctx)
	if err != nil {
		return fmt.Errorf("recording: exhibit %d: %w", x.No, err)
	}
	if sum := sha256.Sum256(file); len(file) == 0 || hex.EncodeToString(sum[:]) != x.SHA256 {
		return ErrExhibit
	}
	name := ""
	for n := 1; name == "" || slices.Contains(e.named, name) || slices.Contains(e.tried, name); n++ {
		name = exhibitName(x.No, x.SHA256, n, ext)
	}
	if err := p.writeExhibit(name, file); err != nil {
		return fmt.Errorf("recording: exhibit %d: %w", x.No, err)
	}
	body := exhibitBody{Exhibit: x.No, File: name, Type: x.Type, Bytes: int64(len(file)), SHA256: x.SHA256}
	e.tried = append(e.tried, name)
	// A line given up on may still become durable, and would be written twice.
	if _, err := p.log.Append(context.WithoutCancel(ctx), record(ledger.KindExhibit, body)); err != nil {
		return fmt.Errorf("recording: exhibit %d: %w", x.No, err)
	}
	e.note(body)
	p.signable.Store(true)
	return nil
}

// writeExhibit makes a file and its entry durable. What an attempt before left under
// the name is no evidence yet: no line names it.
func (p *Part) writeExhibit(name string, body []byte) error {
	if err := errors.Join(p.fs.Mkdir(exhibitDir), p.fs.SyncDir(".")); err != nil {
		return err
	}
	f, err := p.fs.Create(name)
	if errors.Is(err, fs.ErrExist) {
		if err = p.fs.Truncate(name, 0); err == nil {
			f, err = p.fs.Append(name)
		}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	return errors.Join(err, f.Sync(), f.Close(), p.fs.SyncDir(exhibitDir))
}

// take waits for its turn until ctx ends; the holder receives from turn when done.
func (e *exhibits) take(ctx context.Context) error {
	select {
	case e.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// endExhibits lets nothing be written any more and names what attempts left, before the
// part's end line. What it cannot name the verifier will report as foreign.
func (p *Part) endExhibits(ctx context.Context) {
	err := p.ex.take(ctx)
	if err == nil {
		defer func() { <-p.ex.turn }()
		p.ex.over = true
		var torn []ledger.Record
		if torn, err = p.tornExhibits(); err == nil && len(torn) > 0 {
			_, err = p.log.Append(ctx, torn...)
		}
	}
	if err != nil {
		p.p.Logger.Error("documents begun are not named", "hearing", p.p.Hearing, "part", p.number, "error", err)
	}
}

// note follows one exhibit line, written now or read back.
func (e *exhibits) note(b exhibitBody) {
	if e.have == nil {
		e.have = map[int]string{}
	}
	e.named = append(e.named, b.File)
	if !b.Torn {
		e.have[b.Exhibit] = b.SHA256
	}
}

// replay takes an exhibit line of an earlier process.
func (e *exhibits) replay(members json.RawMessage) error {
	var b exhibitBody
	if err := json.Unmarshal(members, &b); err != nil {
		return fmt.Errorf("recording: exhibit line: %w", err)
	}
	e.note(b)
	return nil
}

// tornExhibits names the files that were begun and that no line names, because the
// process died or the disk failed, as they are, so that nothing stands in the part that no line names.
func (p *Part) tornExhibits() (out []ledger.Record, err error) {
	entries, err := fs.ReadDir(p.fs, exhibitDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		name := exhibitDir + "/" + entry.Name()
		no, ok := parseExhibitName(name)
		if !ok || slices.Contains(p.ex.named, name) {
			continue // foreign; verify says so
		}
		f, err := p.fs.Append(name)
		if err == nil {
			err = errors.Join(f.Sync(), f.Close())
		}
		info, statErr := entry.Info()
		if err = errors.Join(err, statErr); err != nil {
			return nil, fmt.Errorf("sync %s: %w", name, err)
		}
		sum, n, err := hashRange(p.fs, name, 0, info.Size())
		if err != nil {
			return nil, err
		}
		body := exhibitBody{Exhibit: no, File: name, Bytes: n, SHA256: sum, Torn: true}
		p.ex.note(body)
		out = append(out, record(ledger.KindExhibit, body))
	}
	return out, nil
}

// Exhibit is Part.Exhibit of the part that records. Between two parts it fails, to be
// tried again: the caller hands every document to every part. It waits no longer than
// ctx, nor for a part that is left: a disk that hangs holds up neither the next part
// nor the end of the hearing.
func (s *Sitting) Exhibit(ctx context.Context, x Exhibited) error {
	part, _, _ := s.current()
	if part == nil {
		return fmt.Errorf("recording: exhibit %d: %w", x.No, ledger.ErrFailed)
	}
	told := make(chan error, 1)
	go func() { told <- part.Exhibit(ctx, x) }()
	select {
	case err := <-told:
		return err
	case <-part.leaving:
		return fmt.Errorf("recording: exhibit %d: %w: %w", x.No, ledger.ErrFailed, errHung)
	case <-ctx.Done():
		return fmt.Errorf("recording: exhibit %d: %w", x.No, ctx.Err())
	}
}
