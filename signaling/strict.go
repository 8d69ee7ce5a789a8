package signaling

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

// repeatsKey tells whether an object in the JSON text names a field twice, also
// in another case, which encoding/json takes for the same (JSA-2023-0001: two
// readers of one text must not see two messages). A text that is no JSON repeats
// nothing; its decoder refuses it.
func repeatsKey(data []byte) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var open []map[string]bool // the keys of each open object; nil for an array
	key := false               // the next token of the innermost object is a key
	for {
		tok, err := d.Token()
		if err != nil {
			return false
		}
		inObject := len(open) > 0 && open[len(open)-1] != nil
		if name, ok := tok.(string); ok && inObject && key {
			keys := open[len(open)-1]
			if name = foldKey(name); keys[name] {
				return true
			}
			keys[name], key = true, false
			continue
		}
		switch tok {
		case json.Delim('{'):
			open, key = append(open, map[string]bool{}), true
			continue
		case json.Delim('['):
			open = append(open, nil)
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		key = len(open) > 0 && open[len(open)-1] != nil
	}
}

// foldKey gives equal texts for names that encoding/json takes for the same.
func foldKey(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, name)
}
