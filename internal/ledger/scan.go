package ledger

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Names of the files of a log.
const (
	LogName         = "log.jsonl"
	CheckpointsName = "checkpoints.txt"
	TornDir         = "torn"
)

var (
	errTorn     = errors.New("ledger: last piece is incomplete")
	errOverlong = errors.New("ledger: piece is longer than the format allows")
)

// noteEnd parts text and signature, and notes from one another.
const noteEnd = "\n\n"

// pieces reads a file piece by piece without holding more than one.
type pieces struct {
	r     *bufio.Reader
	split func(r *bufio.Reader, buf []byte) ([]byte, error)
	buf   []byte
	off   int64 // offset of the next piece
}

func newLines(r io.Reader) *pieces {
	return &pieces{r: bufio.NewReaderSize(r, 64<<10), split: splitLine}
}

func newNotes(r io.Reader) *pieces {
	return &pieces{r: bufio.NewReaderSize(r, 16<<10), split: splitNote}
}

// next returns the next complete piece with its separator, valid until the next
// call, and its offset. At the end io.EOF; bytes that are no complete piece give
// errTorn together with them.
func (p *pieces) next() (piece []byte, off int64, err error) {
	off = p.off
	p.buf, err = p.split(p.r, p.buf[:0])
	p.off += int64(len(p.buf))
	if errors.Is(err, io.EOF) && len(p.buf) > 0 {
		err = errTorn
	}
	return p.buf, off, err
}

func splitLine(r *bufio.Reader, buf []byte) ([]byte, error) {
	return readTo(r, buf, MaxLine)
}

// splitNote reads up to the empty line that follows the signature: the second
// empty line of the piece.
func splitNote(r *bufio.Reader, buf []byte) ([]byte, error) {
	for empties := 0; empties < 2; {
		var err error
		if buf, err = readTo(r, buf, maxNote+2); err != nil {
			return buf, err
		}
		if bytes.HasSuffix(buf, []byte(noteEnd)) {
			empties++
		}
	}
	return buf, nil
}

func readTo(r *bufio.Reader, buf []byte, limit int) ([]byte, error) {
	for {
		part, err := r.ReadSlice('\n')
		buf = append(buf, part...)
		if len(buf) > limit {
			return buf, errOverlong
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return buf, err
		}
	}
}

// scanLines calls do with each complete line, without newline; the slice is
// valid during the call. do returns false to stop.
func scanLines(fsys fs.FS, do func(off int64, raw []byte) (bool, error)) (err error) {
	f, err := fsys.Open(LogName)
	if err != nil {
		return fmt.Errorf("ledger: open log: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for p := newLines(f); ; {
		line, off, err := p.next()
		if errors.Is(err, io.EOF) || errors.Is(err, errTorn) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("ledger: read log at %d: %w", off, err)
		}
		if more, err := do(off, line[:len(line)-1]); err != nil || !more {
			return err
		}
	}
}

// Lines calls do with each complete, well-formed line in order until it returns
// false; Line.Raw and Line.Members are valid during the call only. It checks
// form, not hashes.
func Lines(fsys fs.FS, do func(l Line) (bool, error)) error {
	return scanLines(fsys, func(_ int64, raw []byte) (bool, error) {
		l, err := ParseLine(raw)
		if err != nil {
			return false, err
		}
		return do(l)
	})
}
