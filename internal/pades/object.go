package pades

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// kind of an object (ISO 32000-1, 7.3).
type kind int

const (
	null kind = iota
	boolean
	number
	name
	text // literal or hexadecimal string
	array
	dict
	ref
)

// object of a PDF file. A stream is its dictionary.
type object struct {
	kind       kind
	word       string // of boolean, number, name, ref ("12 0"), text as bytes
	list       []object
	keys       map[string]object
	start, end int // in the file
}

// maxDepth of nesting; ours need four.
const maxDepth = 32

// reader reads objects from one place of a file.
type reader struct {
	in    []byte
	at    int
	depth int
}

func (r *reader) fail(what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrSyntax, what, r.at)
}

func space(c byte) bool { return c == 0 || c == 9 || c == 10 || c == 12 || c == 13 || c == 32 }

func delimiter(c byte) bool { return bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0 }

func (r *reader) skip() {
	for r.at < len(r.in) {
		switch c := r.in[r.at]; {
		case space(c):
			r.at++
		case c == '%':
			for r.at < len(r.in) && r.in[r.at] != '\n' && r.in[r.at] != '\r' {
				r.at++
			}
		default:
			return
		}
	}
}

// word reads a regular token; empty at a delimiter and at the end.
func (r *reader) word() string {
	r.skip()
	from := r.at
	for r.at < len(r.in) && !space(r.in[r.at]) && !delimiter(r.in[r.at]) {
		r.at++
	}
	return string(r.in[from:r.at])
}

func (r *reader) expect(word string) error {
	if got := r.word(); got != word {
		return r.fail("no " + word)
	}
	return nil
}

// whole reads a number without sign.
func (r *reader) whole() (int, error) {
	n, err := strconv.ParseUint(r.word(), 10, 31)
	if err != nil {
		return 0, r.fail("no number")
	}
	return int(n), nil
}

func (r *reader) object() (object, error) {
	if r.depth++; r.depth > maxDepth {
		return object{}, r.fail("too deep")
	}
	defer func() { r.depth-- }()
	r.skip()
	if r.at >= len(r.in) {
		return object{}, r.fail("nothing")
	}
	o := object{start: r.at}
	var err error
	switch c := r.in[r.at]; {
	case c == '<' && r.at+1 < len(r.in) && r.in[r.at+1] == '<':
		err = r.dict(&o)
	case c == '<':
		err = r.hexadecimal(&o)
	case c == '(':
		err = r.literal(&o)
	case c == '[':
		err = r.array(&o)
	case c == '/':
		err = r.name(&o)
	case delimiter(c):
		err = r.fail("no object")
	default:
		err = r.plain(&o)
	}
	o.end = r.at
	return o, err
}

func (r *reader) dict(o *object) error {
	o.kind, o.keys = dict, map[string]object{}
	r.at += 2
	for {
		r.skip()
		if bytes.HasPrefix(r.in[r.at:], []byte(">>")) {
			r.at += 2
			return nil
		}
		k, err := r.object()
		if err != nil {
			return err
		}
		if _, twice := o.keys[k.word]; k.kind != name || twice {
			return r.fail("key")
		}
		if o.keys[k.word], err = r.object(); err != nil {
			return err
		}
	}
}

func (r *reader) array(o *object) error {
	o.kind = array
	r.at++
	for {
		r.skip()
		if r.at < len(r.in) && r.in[r.at] == ']' {
			r.at++
			return nil
		}
		x, err := r.object()
		if err != nil {
			return err
		}
		o.list = append(o.list, x)
	}
}

func (r *reader) name(o *object) error {
	o.kind = name
	r.at++
	from := r.at
	for r.at < len(r.in) && !space(r.in[r.at]) && !delimiter(r.in[r.at]) {
		r.at++
	}
	o.word = string(r.in[from:r.at])
	// An escape gives one name two spellings, which nothing of ours needs.
	if strings.Contains(o.word, "#") {
		return r.fail("escaped name")
	}
	return nil
}

func (r *reader) hexadecimal(o *object) error {
	o.kind = text
	end := bytes.IndexByte(r.in[r.at:], '>')
	if end < 0 {
		return r.fail("string")
	}
	digits := slices.DeleteFunc(slices.Clone(r.in[r.at+1:r.at+end]), space)
	if len(digits)%2 == 1 {
		digits = append(digits, '0')
	}
	raw, err := hex.DecodeString(string(digits))
	if err != nil {
		return r.fail("string")
	}
	o.word = string(raw)
	r.at += end + 1
	return nil
}

// literal keeps escapes as they are: strings are compared, never shown.
func (r *reader) literal(o *object) error {
	o.kind = text
	open := 0
	from := r.at
	for ; r.at < len(r.in); r.at++ {
		switch r.in[r.at] {
		case '\\':
			r.at++
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				r.at++
				o.word = string(r.in[from+1 : r.at-1])
				return nil
			}
		}
	}
	return r.fail("string")
}

// plain reads a number, a keyword, or a reference ("12 0 R").
func (r *reader) plain(o *object) error {
	o.word = r.word()
	switch o.word {
	case "null":
		return nil
	case "true", "false":
		o.kind = boolean
		return nil
	}
	if _, err := strconv.ParseFloat(o.word, 64); err != nil || strings.ContainsAny(o.word, "eExXpPnN_") {
		return r.fail("no object")
	}
	o.kind = number
	behind := r.at
	if o.whole() >= 0 && r.word() == "0" && r.word() == "R" {
		o.kind = ref
		return nil
	}
	r.at = behind
	return nil
}

// number of an object that a reference names; -1 for anything else.
func (o object) number() int {
	if o.kind != ref {
		return -1
	}
	n, err := strconv.Atoi(o.word)
	if err != nil {
		return -1
	}
	return n
}

func (o object) whole() int {
	n, err := strconv.Atoi(o.word)
	if o.kind != number || err != nil || n < 0 {
		return -1
	}
	return n
}

// same compares what two objects mean, wherever they stand.
func (o object) same(x object) bool {
	if o.kind != x.kind || o.word != x.word || len(o.keys) != len(x.keys) || !slices.EqualFunc(o.list, x.list, object.same) {
		return false
	}
	for k, v := range o.keys {
		if w, ok := x.keys[k]; !ok || !v.same(w) {
			return false
		}
	}
	return true
}

// sameBut compares dictionaries without some keys.
func (o object) sameBut(x object, keys ...string) bool {
	without := func(d object) object {
		out := object{kind: d.kind, keys: map[string]object{}}
		for k, v := range d.keys {
			if !slices.Contains(keys, k) {
				out.keys[k] = v
			}
		}
		return out
	}
	return o.kind == dict && x.kind == dict && without(o).same(without(x))
}
