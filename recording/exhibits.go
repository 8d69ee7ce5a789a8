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
	"sync"

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
	mu    sync.Mutex     // also orders the writing of one after the other
	have  map[int]string // by number: the digest of what stands here whole
	named []string       // files that lines name, torn ones too
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
	e.mu.Lock()
	defer e.mu.Unlock()
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
	for n := 1; name == "" || slices.Contains(e.named, name); n++ {
		name = exhibitName(x.No, x.SHA256, n, ext)
	}
	if err := p.writeExhibit(name, file); err != nil {
		return fmt.Errorf("recording: exhibit %d: %w", x.No, err)
	}
	body := exhibitBody{Exhibit: x.No, File: name, Type: x.Type, Bytes: int64(len(file)), SHA256: x.SHA256}
	if _, err := p.log.Append(ctx, record(ledger.KindExhibit, body)); err != nil {
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

// tornExhibits names the files that a process had begun when it died, as they are, so
// that nothing stands in the part that no line names.
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
// tried again: the caller hands every document to every part.
func (s *Sitting) Exhibit(ctx context.Context, x Exhibited) error {
	part, _, _ := s.current()
	if part == nil {
		return fmt.Errorf("recording: exhibit %d: %w", x.No, ledger.ErrFailed)
	}
	return part.Exhibit(ctx, x)
}
