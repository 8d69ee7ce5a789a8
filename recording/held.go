//go:build !verifier

package recording

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"phientoa/internal/ledger"
)

// Held reads the event lines of a hearing's evidence that were noted with
// committed false and never confirmed, in order, over all parts. dirs are the
// hearing's directories; without one, nothing is held. It needs no signer and
// writes nothing, so it also serves when Open fails. A damaged line that is no
// event is passed over; an event that cannot be read is an error, since it may
// be a restriction that was acknowledged, and so is a part that stands in a
// directory that is not there.
func Held(dirs ...string) ([][]byte, error) {
	all, err := places(dirs...)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(all.away) > 0 {
		return nil, fmt.Errorf("%w: %s", errAway, PartDir(all.away[0]))
	}
	var ev events
	for _, pl := range all.found {
		if err := ev.readPart(filepath.Join(pl.dir(), ledger.LogName)); err != nil {
			return nil, fmt.Errorf("recording: part %d: %w", pl.number, err)
		}
	}
	out := make([][]byte, len(ev.pending))
	for i, e := range ev.pending {
		out[i] = e.line
	}
	return out, nil
}

// readPart takes the event lines of one log file. A torn last line was never
// acknowledged and is left out, as recovery does.
func (e *events) readPart(name string) (err error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a part whose genesis was never written
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 0, 64<<10), ledger.MaxLine+1)
	lines.Split(wholeLines)
	for lines.Scan() {
		// Most lines name media; only those that can be events are parsed.
		if !bytes.Contains(lines.Bytes(), []byte(`"`+ledger.KindEvent+`"`)) {
			continue
		}
		l, err := ledger.ParseLine(lines.Bytes())
		if err != nil {
			return err
		}
		if l.Kind != ledger.KindEvent {
			continue
		}
		if err := e.replay(l.Members); err != nil {
			return err
		}
	}
	return lines.Err()
}

// wholeLines is a bufio.SplitFunc of lines that have their newline.
func wholeLines(data []byte, _ bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	return 0, nil, nil
}
