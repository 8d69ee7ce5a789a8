// Package logline makes the log of the process safe to keep and to read: one
// event is one line whatever stands in its values, and what must not be in a log
// (tokens, cookies, passwords, names of people) is not in it even when a call
// hands it in by mistake (OWASP ASVS 5.0, 16.2.5 and 16.4.1).
package logline

import (
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Redacted stands in the place of a value that is not written.
const Redacted = "[redacted]"

// maxValue bounds one value in bytes; what is behind it is cut and named. The
// longest honest value is a stack trace.
const maxValue = 16 << 10

// Secret is a text that no log, format verb or JSON encoder writes out.
type Secret string

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(Redacted) }

// String implements fmt.Stringer.
func (Secret) String() string { return Redacted }

// GoString implements fmt.GoStringer, for %#v.
func (Secret) GoString() string { return Redacted }

// MarshalText implements encoding.TextMarshaler, for JSON inside other values.
func (Secret) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// Options of New.
type Options struct {
	Level slog.Leveler // nil: info
	Text  bool         // key=value words instead of JSON
}

// New returns a logger that writes to w, one line an event. A value is left out
// when its key, or the group it stands in, is one of sensitive; control, format
// and bidirectional characters are written as escapes one can see.
func New(w io.Writer, o Options) *slog.Logger {
	c := &cleaner{
		// Passwords in addresses, and invitations, which stand in the fragment.
		userinfo: regexp.MustCompile(`(://)[^/@\s"']*:[^/@\s"']*@`),
		fragment: regexp.MustCompile(`(#i=)[A-Za-z0-9_-]+`),
		bearer:   regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}`),
	}
	opts := &slog.HandlerOptions{Level: o.Level, ReplaceAttr: c.attr}
	if o.Text {
		return slog.New(slog.NewTextHandler(w, opts))
	}
	return slog.New(slog.NewJSONHandler(w, opts))
}

// sensitive tells whether a value of this key never enters a log. Keys that
// contain one of the first words count, and the others when they are the whole
// key or its last word ("display_name", "step_up_code").
func sensitive(key string) bool {
	k := strings.ToLower(key)
	for _, word := range []string{"token", "cookie", "password", "passwd", "secret", "authorization", "private_key"} {
		if strings.Contains(k, word) {
			return true
		}
	}
	for _, word := range []string{"code", "name", "pin", "otp"} {
		if k == word || strings.HasSuffix(k, "_"+word) || strings.HasSuffix(k, "-"+word) {
			return true
		}
	}
	return false
}

// cleaner is stateless; it holds compiled patterns only.
type cleaner struct{ userinfo, fragment, bearer *regexp.Regexp }

// attr is a slog.HandlerOptions.ReplaceAttr.
func (c *cleaner) attr(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 {
		switch a.Key {
		case slog.TimeKey, slog.LevelKey:
			switch a.Value.Any().(type) {
			case time.Time, slog.Level:
				return a
			}
		}
	}
	if sensitive(a.Key) {
		return slog.String(c.text(a.Key), Redacted)
	}
	for _, g := range groups {
		if sensitive(g) {
			return slog.String(c.text(a.Key), Redacted)
		}
	}
	return slog.Attr{Key: c.text(a.Key), Value: c.value(a.Value)}
}

func (c *cleaner) value(v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(c.text(v.String()))
	case slog.KindAny:
		return c.any(v.Any())
	default: // numbers, times, truth values: nothing to hide anything in
		return v
	}
}

// any writes errors and what can name itself as text. Everything else goes
// through JSON, so that the members of a struct meet the same rules as keys.
func (c *cleaner) any(v any) slog.Value {
	switch x := v.(type) {
	case nil:
		return slog.AnyValue(nil)
	case error:
		return slog.StringValue(c.text(x.Error()))
	case fmt.Stringer:
		return slog.StringValue(c.text(x.String()))
	case encoding.TextMarshaler:
		if b, err := x.MarshalText(); err == nil {
			return slog.StringValue(c.text(string(b)))
		}
		return slog.StringValue(fmt.Sprintf("[%T]", v))
	case []byte:
		return slog.StringValue(fmt.Sprintf("[%d bytes]", len(x)))
	}
	b, err := json.Marshal(v)
	if err != nil {
		return slog.StringValue(fmt.Sprintf("[%T]", v))
	}
	var plain any
	if err := json.Unmarshal(b, &plain); err != nil {
		return slog.StringValue(fmt.Sprintf("[%T]", v))
	}
	return slog.AnyValue(c.tree(plain))
}

func (c *cleaner) tree(v any) any {
	switch x := v.(type) {
	case string:
		return c.text(x)
	case []any:
		for i := range x {
			x[i] = c.tree(x[i])
		}
		return x
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, m := range x {
			if sensitive(k) {
				out[c.text(k)] = Redacted
				continue
			}
			out[c.text(k)] = c.tree(m)
		}
		return out
	}
	return v
}

// text takes out what must not be in a log and makes what a terminal or an
// editor would obey visible: line ends, escape sequences (Cc), direction and
// zero-width characters (Cf), line and paragraph separators, invalid UTF-8.
func (c *cleaner) text(s string) string {
	if len(s) > maxValue {
		s = strings.ToValidUTF8(s[:maxValue], "") + fmt.Sprintf(" [%d more bytes]", len(s)-maxValue)
	}
	if strings.Contains(s, "@") {
		s = c.userinfo.ReplaceAllString(s, "${1}"+Redacted+"@")
	}
	if strings.Contains(s, "#i=") {
		s = c.fragment.ReplaceAllString(s, "${1}"+Redacted)
	}
	if len(s) > len("basic ") {
		s = c.bearer.ReplaceAllString(s, "${1} "+Redacted)
	}
	return Visible(s)
}

// Visible returns s with every character that does not show as itself written
// as \n, \t, \x.. or \u.....
func Visible(s string) string {
	clean := true
	for _, r := range s {
		if hidden(r) || r == utf8.RuneError {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case hidden(r) && r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		case hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) || r > 0x2000 && r < 0x200c && unicode.Is(unicode.Zs, r)
}
