package asic

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// ErrNotContainer: neither the beginning nor the end is that of a container.
var ErrNotContainer = errors.New("asic: not a container of this kind")

// FormatError is a departure from the profile, with its place.
type FormatError struct {
	Offset int64  // in the container, in bytes
	Entry  string // whose header it is, empty when that is not known
	What   string
}

// Error implements error.
func (e *FormatError) Error() string {
	if e.Entry == "" {
		return fmt.Sprintf("asic: at byte %d: %s", e.Offset, e.What)
	}
	return fmt.Sprintf("asic: at byte %d, entry %q: %s", e.Offset, e.Entry, e.What)
}

// Container is an opened container. Its methods are safe for concurrent use as
// far as the reader below is.
type Container struct {
	r       io.ReaderAt
	size    int64
	entries []Entry
	byName  map[string]int
}

// Open reads the headers of a container of size bytes and refuses all that the
// profile does not render the same: comments, gaps, overlaps, other flags,
// dates and attributes, names that repeat or escape, bytes behind the end. It
// allocates by what it has read, never by what a field says. A departure is a
// *FormatError; a file of another kind is ErrNotContainer.
func Open(r io.ReaderAt, size int64) (*Container, error) {
	c := &Container{r: r, size: size, byName: map[string]int{}}
	err := c.walk()
	var format *FormatError
	if errors.As(err, &format) && !c.familiar() {
		return nil, ErrNotContainer
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// familiar tells a damaged container from a file of another kind: most of its
// beginning or its directory is that of one.
func (c *Container) familiar() bool {
	want := Entry{Name: MimetypeName, Size: int64(len(Mimetype)), CRC: crc32.ChecksumIEEE([]byte(Mimetype))}.appendLocal(nil)
	want = append(want, Mimetype...)
	head, _ := c.bytesAt(0, int64(len(want)))
	same := 0
	for i := range head {
		if head[i] == want[i] {
			same++
		}
	}
	end, _ := c.bytesAt(max(0, c.size-4096), 4096)
	return 2*same > len(want) || bytes.Contains(end, []byte(SignatureName))
}

func (c *Container) walk() error {
	names := nameSet{}
	at := int64(0)
	for {
		e, err := c.local(at)
		if errors.Is(err, errNoEntry) {
			break
		}
		if err != nil {
			return err
		}
		switch {
		case len(c.entries) >= MaxEntries:
			return c.fault(at, "more than 1000 entries")
		case (at == 0) != (e.Name == MimetypeName):
			return c.fault(at, "mimetype is the first entry")
		case !names.add(e.Name):
			return c.fault(at, "name stands twice")
		}
		c.byName[e.Name] = len(c.entries)
		c.entries = append(c.entries, e)
		at = e.data + e.Size
	}
	if len(c.entries) == 0 {
		return c.fault(0, "no entry")
	}
	if err := c.tail(at); err != nil {
		return err
	}
	if m := c.entries[0]; m.Size == int64(len(Mimetype)) {
		if b, err := c.bytesAt(m.data, m.Size); err != nil || string(b) == Mimetype {
			return err
		}
	}
	return &FormatError{Offset: c.entries[0].data, Entry: MimetypeName, What: "not " + Mimetype}
}

var errNoEntry = errors.New("no local header here")

// local reads the local header at an offset and compares it with its one form.
func (c *Container) local(at int64) (Entry, error) {
	head, err := c.bytesAt(at, localLen+MaxName+localExtra)
	if err != nil {
		return Entry{}, err
	}
	le := binary.LittleEndian
	if len(head) < localLen || le.Uint32(head) != localSig {
		return Entry{}, errNoEntry
	}
	nameLen, extraLen := int(le.Uint16(head[26:])), int(le.Uint16(head[28:]))
	if nameLen > MaxName || (extraLen != 0 && extraLen != localExtra) || len(head) < localLen+nameLen+extraLen {
		return Entry{}, c.fault(at, "header outside the profile")
	}
	name := head[localLen : localLen+nameLen]
	e := Entry{Name: string(name), Size: int64(le.Uint32(head[22:])), CRC: le.Uint32(head[14:]), offset: at}
	if extraLen != 0 {
		e.Size = int64(le.Uint64(head[localLen+nameLen+4:]))
	}
	e.data = at + int64(localLen+nameLen+extraLen)
	if e.Size < 0 || e.Size > c.size-e.data || !ValidName(e.Name) {
		return Entry{}, c.fault(at, "name or size outside the profile")
	}
	if want := e.appendLocal(nil); !bytes.Equal(head[:min(len(head), len(want))], want) {
		return Entry{}, c.fault(at, "header outside the profile")
	}
	return e, nil
}

// tail compares everything behind the last entry with what follows from the
// entries.
func (c *Container) tail(at int64) error {
	want := tailOf(c.entries, at)
	got, err := c.bytesAt(at, int64(len(want)))
	if err != nil {
		return err
	}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			return c.fault(at+int64(i), "neither the next entry nor the directory that the entries make")
		}
	}
	if extra := c.size - at - int64(len(want)); extra != 0 {
		return c.fault(at+int64(len(want)), fmt.Sprintf("%d bytes behind the end", extra))
	}
	return nil
}

// bytesAt reads up to n bytes; fewer when the container ends.
func (c *Container) bytesAt(at, n int64) ([]byte, error) {
	if at < 0 || at >= c.size {
		return nil, nil
	}
	b := make([]byte, min(n, c.size-at))
	if m, err := c.r.ReadAt(b, at); m < len(b) {
		return nil, fmt.Errorf("asic: read at %d: %w", at, err)
	}
	return b, nil
}

// fault names the entry whose header or record holds the offset, as far as the
// central directory still tells.
func (c *Container) fault(at int64, what string) error {
	return &FormatError{Offset: at, Entry: c.whose(at), What: what}
}

// whose looks an offset up in the central directory, which may be as damaged as
// the rest: the answer is a hint for people.
func (c *Container) whose(at int64) string {
	le := binary.LittleEndian
	end, err := c.bytesAt(c.size-endLen, endLen)
	if err != nil || len(end) != endLen {
		return ""
	}
	dirLen, dir := int64(le.Uint32(end[12:])), int64(le.Uint32(end[16:]))
	if dir == far {
		end64, err := c.bytesAt(c.size-endLen-locatorLen-end64Len, end64Len)
		if err != nil || len(end64) != end64Len {
			return ""
		}
		dir = int64(le.Uint64(end64[48:]))
	}
	if dirLen > MaxEntries*(centralLen+MaxName+28) {
		return ""
	}
	rest, err := c.bytesAt(dir, dirLen)
	for err == nil && len(rest) >= centralLen && le.Uint32(rest) == centralSig {
		n, x := int(le.Uint16(rest[28:])), int(le.Uint16(rest[30:]))
		if len(rest) < centralLen+n+x {
			break
		}
		name, offset := string(rest[centralLen:centralLen+n]), int64(le.Uint32(rest[42:]))
		if x >= 12 && offset == far {
			offset = int64(le.Uint64(rest[centralLen+n+x-8:]))
		}
		record := c.size // its own record
		if at >= dir {
			record = dir + dirLen - int64(len(rest))
		}
		if (offset == at || (at >= record && at < record+int64(centralLen+n+x))) && ValidName(name) {
			return name
		}
		rest = rest[centralLen+n+x:]
	}
	return ""
}

// Entries lists the entries in their order.
func (c *Container) Entries() []Entry { return append([]Entry(nil), c.entries...) }

// Size is that of the container in bytes.
func (c *Container) Size() int64 { return c.size }

// Entry finds an entry.
func (c *Container) Entry(name string) (Entry, bool) {
	i, ok := c.byName[name]
	if !ok {
		return Entry{}, false
	}
	return c.entries[i], true
}

// Reader reads the bytes of an entry.
func (c *Container) Reader(e Entry) *io.SectionReader {
	return io.NewSectionReader(c.r, e.data, e.Size)
}

// ReadFile returns a small entry; one of more than most bytes is an error.
func (c *Container) ReadFile(name string, most int64) ([]byte, error) {
	e, ok := c.Entry(name)
	if !ok {
		return nil, fmt.Errorf("asic: no entry %q", name)
	}
	if e.Size > most {
		return nil, fmt.Errorf("asic: entry %q has %d bytes, at most %d are read", name, e.Size, most)
	}
	return c.bytesAt(e.data, e.Size)
}

// Digest hashes an entry and compares its checksum, in constant memory.
func (c *Container) Digest(ctx context.Context, e Entry) (sum [sha256.Size]byte, crcHolds bool, err error) {
	crc, digest := crc32.NewIEEE(), sha256.New()
	r := &ctxReader{ctx, c.Reader(e)}
	n, err := io.CopyBuffer(io.MultiWriter(crc, digest), r, make([]byte, copyBuffer))
	if err == nil && n != e.Size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return sum, false, fmt.Errorf("asic: read entry %q: %w", e.Name, err)
	}
	digest.Sum(sum[:0])
	return sum, crc.Sum32() == e.CRC, nil
}

type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (r *ctxReader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}
