package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// MaxLine bounds one line of the log, newline included, in bytes.
const MaxLine = 1 << 20

const saltSize = 16

// Hash is a SHA-256 value.
type Hash = [sha256.Size]byte

// ErrLine wraps every refusal of ParseLine.
var ErrLine = errors.New("ledger: not a line of the log")

// Line is one parsed line. Members holds the body as a JSON object.
type Line struct {
	I       uint64
	T       int64 // UTC unix microseconds
	MonoNS  int64 // nanoseconds of the node's monotonic clock since this process opened the log
	Kind    Kind
	Members json.RawMessage
	Salt    [saltSize]byte
	Prev    Hash   // SHA-256 of the previous line without its newline, zero at I 0
	Raw     []byte // exact bytes without the newline
}

// ChainHash is what the next line names as prev: SHA-256 of the line without
// its newline.
func ChainHash(raw []byte) Hash { return sha256.Sum256(raw) }

type lineHead struct {
	i      uint64
	t      int64
	monoNS int64
	kind   Kind
	salt   [saltSize]byte
	prev   Hash
}

// appendLine writes one line without newline. body is compact and checked.
func appendLine(dst []byte, h lineHead, body []byte) []byte {
	dst = append(dst, `{"i":`...)
	dst = strconv.AppendUint(dst, h.i, 10)
	dst = append(dst, `,"t":`...)
	dst = strconv.AppendInt(dst, h.t, 10)
	dst = append(dst, `,"mono_ns":`...)
	dst = strconv.AppendInt(dst, h.monoNS, 10)
	dst = append(dst, `,"k":"`...)
	dst = append(dst, h.kind...)
	dst = append(dst, '"')
	if inner := body[1 : len(body)-1]; len(inner) > 0 {
		dst = append(dst, ',')
		dst = append(dst, inner...)
	}
	dst = append(dst, `,"salt":"`...)
	dst = hex.AppendEncode(dst, h.salt[:])
	dst = append(dst, `","prev":"`...)
	dst = hex.AppendEncode(dst, h.prev[:])
	return append(dst, `"}`...)
}

// compactBody checks a record's body and takes the white space out of it.
func compactBody(r Record) ([]byte, error) {
	if !validKind(r.Kind) {
		return nil, fmt.Errorf("ledger: unknown kind %q", r.Kind)
	}
	body := r.Body
	if len(body) == 0 {
		body = json.RawMessage("{}")
	}
	var b bytes.Buffer
	if err := json.Compact(&b, body); err != nil {
		return nil, fmt.Errorf("ledger: body of %s: %w", r.Kind, err)
	}
	if b.Len() > MaxLine-1024 {
		return nil, fmt.Errorf("ledger: body of %s has %d bytes, limit %d", r.Kind, b.Len(), MaxLine-1024)
	}
	if err := checkMembers(b.Bytes()); err != nil {
		return nil, fmt.Errorf("ledger: body of %s: %w", r.Kind, err)
	}
	return b.Bytes(), nil
}

// checkMembers wants an object whose names are distinct and not reserved: two
// JSON readers must never see different records in one line. It is called for every
// line that is written and verified, and allocates nothing for the lines of ours.
func checkMembers(body []byte) error {
	if !utf8.Valid(body) {
		return errors.New("not UTF-8")
	}
	end := len(body) - 1
	if end < 1 || body[0] != '{' || body[end] != '}' || !json.Valid(body) {
		return errors.New("not an object")
	}
	var names nameList
	depth, named := 0, false // named: the name of this member was read
	for i := 1; i < end; i++ {
		switch body[i] {
		case '"':
			from := i + 1
			for i = from; body[i] != '"'; i++ {
				if body[i] == '\\' {
					i++
				}
			}
			if depth == 0 && !named {
				named = true
				if err := names.add(body[from:i]); err != nil {
					return err
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			named = named && depth > 0
		}
	}
	return nil
}

// nameList refuses names that repeat or are reserved. Few are compared one by one,
// many in a map.
type nameList struct {
	few  [32][]byte
	n    int
	many map[string]bool
}

func (l *nameList) add(raw []byte) error {
	if bytes.IndexByte(raw, '\\') >= 0 { // two spellings are one name
		var name string
		if err := json.Unmarshal(append(append([]byte{'"'}, raw...), '"'), &name); err != nil {
			return err
		}
		raw = []byte(name)
	}
	repeated := l.many[string(raw)]
	switch string(raw) {
	case "i", "t", "mono_ns", "k", "salt", "prev":
		repeated = true
	}
	for _, n := range l.few[:min(l.n, len(l.few))] {
		repeated = repeated || bytes.Equal(n, raw)
	}
	if repeated {
		return fmt.Errorf("name %q is reserved or repeated", raw)
	}
	if l.n < len(l.few) {
		l.few[l.n] = raw
	} else {
		if l.many == nil {
			l.many = map[string]bool{}
		}
		l.many[string(raw)] = true
	}
	l.n++
	return nil
}

// ParseLine reads one line without its newline. It accepts exactly the bytes
// that this package writes: fixed members first and last, in their order.
func ParseLine(raw []byte) (Line, error) {
	l := Line{Raw: raw}
	if len(raw) >= MaxLine {
		return l, fmt.Errorf("%w: %d bytes", ErrLine, len(raw))
	}
	rest := raw
	for _, f := range []struct {
		name string
		set  func([]byte) error
	}{
		{`{"i":`, func(b []byte) (err error) { l.I, err = strconv.ParseUint(string(b), 10, 63); return }},
		{`,"t":`, func(b []byte) (err error) { l.T, err = strconv.ParseInt(string(b), 10, 64); return }},
		{`,"mono_ns":`, func(b []byte) (err error) { l.MonoNS, err = strconv.ParseInt(string(b), 10, 64); return }},
		{`,"k":`, func(b []byte) error { l.Kind = Kind(bytes.Trim(b, `"`)); return nil }},
	} {
		var ok bool
		if rest, ok = bytes.CutPrefix(rest, []byte(f.name)); !ok {
			return l, fmt.Errorf("%w: %s missing", ErrLine, f.name)
		}
		end := bytes.IndexByte(rest, ',')
		if end < 0 || end > 24 {
			return l, fmt.Errorf("%w: %s without value", ErrLine, f.name)
		}
		if err := f.set(rest[:end]); err != nil {
			return l, fmt.Errorf("%w: %w", ErrLine, err)
		}
		rest = rest[end:]
	}
	const tail = len(`,"salt":"`) + 2*saltSize + len(`","prev":"`) + 2*sha256.Size + len(`"}`)
	if len(rest) < tail {
		return l, fmt.Errorf("%w: short", ErrLine)
	}
	mid, end := rest[:len(rest)-tail], rest[len(rest)-tail:]
	salt := len(`,"salt":"`)
	prev := salt + 2*saltSize + len(`","prev":"`)
	if _, err := hex.Decode(l.Salt[:], end[salt:salt+2*saltSize]); err != nil {
		return l, fmt.Errorf("%w: salt: %w", ErrLine, err)
	}
	if _, err := hex.Decode(l.Prev[:], end[prev:prev+2*sha256.Size]); err != nil {
		return l, fmt.Errorf("%w: prev: %w", ErrLine, err)
	}
	if len(mid) > 0 {
		mid = mid[1:]
	}
	l.Members = append(append(json.RawMessage("{"), mid...), '}')
	if !validKind(l.Kind) {
		return l, fmt.Errorf("%w: kind %q", ErrLine, l.Kind)
	}
	if err := checkMembers(l.Members); err != nil {
		return l, fmt.Errorf("%w: %w", ErrLine, err)
	}
	again := appendLine(nil, lineHead{l.I, l.T, l.MonoNS, l.Kind, l.Salt, l.Prev}, l.Members)
	if !bytes.Equal(again, raw) {
		return l, fmt.Errorf("%w: not in canonical form", ErrLine)
	}
	return l, nil
}

func validKind(k Kind) bool {
	switch k {
	case KindGenesis, KindTrackOpen, KindTrackClose, KindSeg, KindEvent, KindGap, KindLoose, KindExhibit, KindKey,
		KindAnchor, KindCosign, KindRecovered, KindEnd:
		return true
	}
	return false
}
