package sqlstore

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"phientoa/internal/store"
)

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", store.ErrInvalid, fmt.Sprintf(format, args...))
}

// text checks what the two databases would treat differently: PostgreSQL refuses
// NUL and bytes that are no UTF-8, SQLite takes both. The value is not repeated
// in the error, because it may be a name.
func text(what, v string, empty bool) error {
	switch {
	case v == "" && !empty:
		return invalid("%s is empty", what)
	case len(v) > store.MaxTextBytes:
		return invalid("%s is longer than %d bytes", what, store.MaxTextBytes)
	case !utf8.ValidString(v) || strings.ContainsRune(v, 0):
		return invalid("%s is not UTF-8 text", what)
	}
	return nil
}

// id checks an identifier of a row.
func id(what, v string) error { return text(what, v, false) }

// nfc is the one form in which text for people is stored, so that a name typed
// on a Mac (decomposed) and on Windows (composed) is the same name.
func nfc(v string) string { return norm.NFC.String(v) }

func checkRoom(room string) error {
	if len(room) != 32 || strings.Trim(room, "0123456789abcdef") != "" {
		return invalid("room is not 32 hex digits")
	}
	return nil
}

func checkLines(after uint64, lines [][]byte) error {
	if len(lines) > store.MaxAppendLines {
		return invalid("%d lines, at most %d", len(lines), store.MaxAppendLines)
	}
	if after > math.MaxInt64-store.MaxAppendLines {
		return invalid("sequence out of range")
	}
	for _, l := range lines {
		if len(l) == 0 || len(l) > store.MaxLineBytes {
			return invalid("a line of %d bytes", len(l))
		}
		for _, b := range l {
			if b == '\n' {
				return invalid("a line contains a newline")
			}
		}
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
