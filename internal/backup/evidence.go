package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"phientoa/internal/ledger"
)

// known is the latest committed event that evidence has seen of a hearing.
type known struct {
	seq  uint64
	hash string // SHA-256 of the state line, hex
}

// evidence is what evidence logs know, by hearing.
type evidence map[string]known

// hearingOf returns the hearing whose evidence log this is, if it is one:
// evidence/<hearing>/part-NNNN/log.jsonl.
func hearingOf(name string) (string, bool) {
	p := strings.Split(name, "/")
	if len(p) != 4 || p[0] != evidenceDir || p[3] != ledger.LogName || !strings.HasPrefix(p[2], "part-") {
		return "", false
	}
	return p[1], true
}

// read takes the lines of one evidence log. A torn last line was never
// acknowledged. Lines that are no event, or none of ours, are passed over: to
// judge them is the work of phientoa verify.
func (e evidence) read(hearing string, r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), ledger.MaxLine+1)
	lines.Split(func(data []byte, _ bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			return i + 1, data[:i], nil
		}
		return 0, nil, nil
	})
	for lines.Scan() {
		if !bytes.Contains(lines.Bytes(), []byte(`"`+ledger.KindEvent+`"`)) {
			continue
		}
		l, err := ledger.ParseLine(lines.Bytes())
		if err != nil || l.Kind != ledger.KindEvent {
			continue
		}
		var b struct {
			Seq       uint64 `json:"seq"`
			Committed bool   `json:"committed"`
			Line      string `json:"line"`
			Confirms  string `json:"confirms"`
		}
		if json.Unmarshal(l.Members, &b) != nil || !b.Committed || b.Seq <= e[hearing].seq {
			continue
		}
		hash := b.Confirms
		if hash == "" {
			sum := sha256.Sum256([]byte(b.Line))
			hash = hex.EncodeToString(sum[:])
		}
		e[hearing] = known{b.Seq, hash}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("backup: evidence log of hearing %s: %w", hearing, err)
	}
	return nil
}

// readDir takes the evidence that stands in a directory of it.
func (e evidence) readDir(dir string) error {
	logs, err := filepath.Glob(filepath.Join(dir, "*", "part-*", ledger.LogName))
	if err != nil {
		return err
	}
	for _, name := range logs {
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		hearing, ok := hearingOf(evidenceDir + "/" + filepath.ToSlash(rel))
		if !ok {
			continue
		}
		f, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		if err := errors.Join(e.read(hearing, f), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// notNewer refuses evidence that knows of events behind the end of the state
// log: such a database would give their numbers to other events, and no one
// could tell any more which of the two happened.
func (e evidence) notNewer(heads []Head) error {
	ends := make(map[string]uint64, len(heads))
	for _, h := range heads {
		ends[h.Hearing] = h.Seq
	}
	for hearing, k := range e {
		if end, ok := ends[hearing]; k.seq > end {
			if !ok {
				return fmt.Errorf("%w: hearing %s is not in the database", ErrNewer, hearing)
			}
			return fmt.Errorf("%w: hearing %s has event %d in its evidence and ends at %d in the database", ErrNewer, hearing, k.seq, end)
		}
	}
	return nil
}
