package office

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth of a body's nesting; ours need four.
const maxDepth = 16

// decodeStrict reads one JSON value into v. Beyond encoding/json it refuses what
// two readers may take differently: a key twice, keys in another case, text after
// the value, bytes that are no UTF-8, and unknown keys.
func decodeStrict(text []byte, v any) error {
	if !utf8.Valid(text) {
		return errors.New("not UTF-8")
	}
	if err := checkKeys(text); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the value")
	}
	return nil
}

// checkKeys walks the tokens. Keys consist of small letters, digits and _, so
// that encoding/json's matching without case cannot fold two into one.
func checkKeys(text []byte) error {
	type level struct {
		object bool
		key    bool // a key is next
		seen   map[string]bool
	}
	var stack []level
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		top := len(stack) - 1
		if delim, ok := t.(json.Delim); ok && (delim == '}' || delim == ']') {
			stack = stack[:top]
			continue
		}
		if top >= 0 && stack[top].object {
			if stack[top].key {
				key, ok := t.(string)
				if !ok || key == "" || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
					return fmt.Errorf("unknown key %.40q", key)
				}
				if stack[top].seen[key] {
					return fmt.Errorf("key %.40q twice", key)
				}
				stack[top].seen[key], stack[top].key = true, false
				continue
			}
			stack[top].key = true // after the value that begins now
		}
		if delim, ok := t.(json.Delim); ok {
			if len(stack) == maxDepth {
				return fmt.Errorf("nested deeper than %d", maxDepth)
			}
			stack = append(stack, level{object: delim == '{', key: delim == '{', seen: map[string]bool{}})
		}
	}
}
