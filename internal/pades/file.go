package pades

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// file is a PDF with its revisions (ISO 32000-1, 7.5.6), the first one first.
type file struct {
	in        []byte
	revisions []revision
	objects   map[int]int // offset by number, as the last revision has them
}

// revision is what one save appended.
type revision struct {
	xref    int // offset of its table
	end     int // of its bytes
	objects map[int]int
	trailer object
}

// readFile follows the tables from the end to the beginning. Only classic tables are
// read: the documents that this package is for have no others, and whoever signs them
// has to append of the same kind (7.5.8.4).
func readFile(in []byte) (*file, error) {
	f := &file{in: in, objects: map[int]int{}}
	at, end, err := startOf(in, len(in))
	if err != nil {
		return nil, err
	}
	for {
		r, prev, err := f.revision(at, end)
		if err != nil {
			return nil, err
		}
		f.revisions = append(f.revisions, r)
		if prev < 0 {
			break
		}
		if prev >= at || len(f.revisions) > maxRevisions {
			return nil, fmt.Errorf("%w: order of revisions", ErrSyntax)
		}
		// The revision before ends where its own end mark stands: the last one before
		// this revision's table.
		before, e, err := startAt(in, prev, at)
		if err != nil {
			return nil, err
		}
		at, end = before, e
	}
	slices.Reverse(f.revisions)
	for _, r := range f.revisions {
		for n, offset := range r.objects {
			f.objects[n] = offset
		}
	}
	return f, nil
}

// maxRevisions of a file: ours, and one for every signature.
const maxRevisions = 12

// startOf reads the end mark of the bytes before end: "startxref", the table's offset,
// "%%EOF" and at most one line end.
func startOf(in []byte, end int) (at, stop int, err error) {
	m := endMark().FindSubmatch(in[max(0, end-64):end])
	if m == nil {
		return 0, 0, fmt.Errorf("%w: no end mark", ErrSyntax)
	}
	at, err = strconv.Atoi(string(m[1]))
	if err != nil || at >= end {
		return 0, 0, fmt.Errorf("%w: offset of the table", ErrSyntax)
	}
	return at, end, nil
}

func endMark() *regexp.Regexp {
	return regexp.MustCompile(`startxref\s+([0-9]{1,9})\s+%%EOF(?:\r\n|\n|\r)?$`)
}

// startAt finds the end of the revision whose table is at xref, looking no further than
// limit.
func startAt(in []byte, xref, limit int) (at, end int, err error) {
	mark := fmt.Appendf(nil, "startxref")
	i := bytes.Index(in[xref:limit], mark)
	if i < 0 {
		return 0, 0, fmt.Errorf("%w: a revision without its end", ErrSyntax)
	}
	rest := in[xref+i : limit]
	m := regexp.MustCompile(`^startxref\s+([0-9]{1,9})\s+%%EOF(?:\r\n|\n|\r)?`).FindSubmatch(rest)
	if len(m) < 2 || string(m[1]) != strconv.Itoa(xref) {
		return 0, 0, fmt.Errorf("%w: end of a revision", ErrSyntax)
	}
	return xref, xref + i + len(m[0]), nil
}

// revision reads table and trailer at an offset; prev is -1 for the first one.
func (f *file) revision(at, end int) (r revision, prev int, err error) {
	r = revision{xref: at, end: end, objects: map[int]int{}}
	p := &reader{in: f.in[:end], at: at}
	if err := p.expect("xref"); err != nil {
		return r, 0, err
	}
	for {
		behind := p.at
		if p.word() == "trailer" {
			break
		}
		p.at = behind
		if err := r.section(p); err != nil {
			return r, 0, err
		}
	}
	if r.trailer, err = p.object(); err != nil {
		return r, 0, err
	}
	for _, k := range []string{"XRefStm", "Encrypt"} {
		if _, has := r.trailer.keys[k]; has {
			return r, 0, fmt.Errorf("%w: %s", ErrSyntax, k)
		}
	}
	prev = -1
	if o, has := r.trailer.keys["Prev"]; has {
		if prev = o.whole(); prev < 0 {
			return r, 0, fmt.Errorf("%w: Prev", ErrSyntax)
		}
	}
	return r, prev, nil
}

// section reads one run of the table.
func (r *revision) section(p *reader) error {
	first, err := p.whole()
	if err != nil {
		return err
	}
	n, err := p.whole()
	if err != nil {
		return err
	}
	if first+n > maxObjects {
		return p.fail("too many objects")
	}
	for i := range n {
		offset, err := p.whole10()
		if err != nil {
			return err
		}
		gen, use := p.word(), p.word()
		switch {
		case use == "f" && first+i == 0:
		case use == "n" && gen == "00000" && offset < p.at && offset > 0:
			if _, twice := r.objects[first+i]; twice {
				return p.fail("an object twice")
			}
			r.objects[first+i] = offset
		default: // a freed object is a changed one, a generation above 0 as well
			return p.fail("entry of the table")
		}
	}
	return nil
}

const maxObjects = 100_000

// whole10 reads an offset of ten digits.
func (r *reader) whole10() (int, error) {
	w := r.word()
	n, err := strconv.ParseUint(w, 10, 40)
	if len(w) != 10 || err != nil || n > uint64(len(r.in)) {
		return 0, r.fail("offset")
	}
	return int(n), nil
}

// object reads object n as the last revision has it; a reference is followed once.
func (f *file) object(n int) (object, error) {
	at, ok := f.objects[n]
	if !ok {
		return object{}, fmt.Errorf("%w: no object %d", ErrSyntax, n)
	}
	return f.objectAt(n, at)
}

func (f *file) objectAt(n, at int) (object, error) {
	r := &reader{in: f.in, at: at}
	got, err := r.whole()
	if err != nil || got != n {
		return object{}, r.fail(fmt.Sprintf("not object %d", n))
	}
	if err := r.expect("0"); err != nil {
		return object{}, err
	}
	if err := r.expect("obj"); err != nil {
		return object{}, err
	}
	return r.object()
}

// resolve follows one reference.
func (f *file) resolve(o object) (object, error) {
	if o.kind != ref {
		return o, nil
	}
	return f.object(o.number())
}
