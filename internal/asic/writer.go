package asic

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"slices"
	"strings"
)

// Target is where a container is written: an *os.File opened without O_APPEND.
type Target interface {
	io.Writer
	io.WriterAt
}

// Writer writes a container in one pass; only the checksum of each header is
// patched afterwards. It is not safe for concurrent use.
type Writer struct {
	w       Target
	at      int64
	entries []Entry
	names   nameSet
	buf     []byte
	err     error // the first failure; nothing is written after it
}

// copyBuffer bounds the memory of a copy.
const copyBuffer = 256 << 10

// NewWriter begins a container with its mimetype.
func NewWriter(w Target) (*Writer, error) {
	z := &Writer{w: w, names: nameSet{}, buf: make([]byte, copyBuffer)}
	_, err := z.Add(MimetypeName, int64(len(Mimetype)), strings.NewReader(Mimetype))
	return z, err
}

// ErrSize: an entry had not as many bytes as was said.
var ErrSize = errors.New("asic: entry has another size than announced")

// Add appends an entry of exactly size bytes and returns their SHA-256. After
// an error the container is of no use.
func (z *Writer) Add(name string, size int64, r io.Reader) (sum [sha256.Size]byte, err error) {
	digest := sha256.New()
	err = z.entry(name, size, r, digest)
	digest.Sum(sum[:0])
	return sum, err
}

// Copy is Add without a digest: for what is read back, and hashed as it stands then.
func (z *Writer) Copy(name string, size int64, r io.Reader) error { return z.entry(name, size, r, nil) }

func (z *Writer) entry(name string, size int64, r io.Reader, digest hash.Hash) error {
	if z.err != nil {
		return z.err
	}
	if err := z.add(name, size, r, digest); err != nil {
		z.err = fmt.Errorf("asic: entry %q: %w", name, err)
	}
	return z.err
}

func (z *Writer) add(name string, size int64, r io.Reader, digest hash.Hash) error {
	if !ValidName(name) || size < 0 || len(z.entries) >= MaxEntries {
		return errors.New("name, size or number of entries outside the profile")
	}
	if !z.names.add(name) {
		return errors.New("name is taken")
	}
	e := Entry{Name: name, Size: size, offset: z.at}
	head := e.appendLocal(nil)
	if _, err := z.w.Write(head); err != nil {
		return err
	}
	crc := crc32.NewIEEE()
	to := []io.Writer{z.w, crc}
	if digest != nil {
		to = append(to, digest)
	}
	// One byte more than announced is asked for, to notice a file that grew.
	n, err := io.CopyBuffer(io.MultiWriter(to...), onlyReader{io.LimitReader(r, size)}, z.buf)
	if err != nil {
		return err
	}
	if more, err := r.Read(z.buf[:1]); n != size || more != 0 || (err != nil && !errors.Is(err, io.EOF)) {
		return errors.Join(ErrSize, err)
	}
	e.CRC, e.data = crc.Sum32(), z.at+int64(len(head))
	if _, err := z.w.WriteAt(e.appendLocal(nil), z.at); err != nil {
		return err
	}
	z.at = e.data + size
	z.entries = append(z.entries, e)
	return nil
}

// Written is what was written so far, for reading it back through r, and how many bytes
// that is. It has no directory yet, and its entries are those that were written: Open
// reads what stands there.
func (z *Writer) Written(r io.ReaderAt) (c *Container, size int64) {
	c = &Container{r: r, size: z.at, entries: slices.Clone(z.entries), byName: map[string]int{}}
	for i, e := range c.entries {
		c.byName[e.Name] = i
	}
	return c, z.at
}

// onlyReader hides WriterTo, which would go round the buffer.
type onlyReader struct{ io.Reader }

// Close writes the central directory and returns the size of the container.
func (z *Writer) Close() (size int64, err error) {
	if z.err != nil {
		return 0, z.err
	}
	z.err = errors.New("asic: container is closed")
	tail := tailOf(z.entries, z.at)
	if _, err := z.w.Write(tail); err != nil {
		return 0, fmt.Errorf("asic: central directory: %w", err)
	}
	return z.at + int64(len(tail)), nil
}

// tailOf renders the central directory and the end of a container.
func tailOf(entries []Entry, at int64) []byte {
	var b []byte
	for _, e := range entries {
		b = e.appendCentral(b)
	}
	return appendEnd(b, len(entries), int64(len(b)), at)
}

// File is an entry to be added.
type File struct {
	Name    string
	Content []byte
}

// Rewrite writes into w a copy of the first keep entries as they are, mimetype
// included, and others behind them: as when a timestamp joins the last signature,
// or another signature comes.
func (c *Container) Rewrite(ctx context.Context, w Target, keep int, others ...File) (size int64, err error) {
	if keep < 1 || keep > len(c.entries) {
		return 0, fmt.Errorf("asic: %d entries of %d cannot be kept", keep, len(c.entries))
	}
	last := c.entries[keep-1]
	end := last.data + last.Size
	n, err := io.Copy(w, &ctxReader{ctx, io.NewSectionReader(c.r, 0, end)})
	if err == nil && n != end {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return 0, fmt.Errorf("asic: copy: %w", err)
	}
	z := &Writer{w: w, at: end, names: nameSet{}, buf: make([]byte, copyBuffer)}
	for _, e := range c.entries[:keep] {
		z.names.add(e.Name)
	}
	z.entries = append(z.entries, c.entries[:keep]...)
	for _, f := range others {
		if _, err := z.Add(f.Name, int64(len(f.Content)), bytes.NewReader(f.Content)); err != nil {
			return 0, err
		}
	}
	return z.Close()
}
