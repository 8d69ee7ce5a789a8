package logline_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/logline"
)

// hostile values of F6: each must stay inside its own line.
var hostile = []string{
	"a\nb", "a\r\nlevel=ERROR msg=forged", "\x1b[31mred\x1b[0m", "\u202egnp.exe", "\u2066x\u2069", "\u2028", "\u0085",
	`{"level":"ERROR","msg":"forged"}`, `","level":"ERROR","x":"`, "\x00", "\xff\xfe", "\u200b", "\U000e0041", "Nguyễn Thị Minh Hạnh",
}

func lines(t *testing.T, text bool, log func(*slog.Logger)) []string {
	t.Helper()
	var b bytes.Buffer
	log(logline.New(&b, logline.Options{Text: text, Level: slog.LevelDebug}))
	require.True(t, strings.HasSuffix(b.String(), "\n"))
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

func requireHarmless(t require.TestingT, line string) {
	require.True(t, utf8.ValidString(line))
	for _, r := range line {
		require.False(t, unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp), "%U in %q", r, line)
	}
}

type thing struct {
	Text  string `json:"text"`
	Token string `json:"access_token"`
	Deep  map[string]any
}

func TestOneEventIsOneLine(t *testing.T) {
	for _, v := range hostile {
		for _, text := range []bool{false, true} {
			got := lines(t, text, func(l *slog.Logger) {
				l.With("with", v).WithGroup("g").Info("message "+v, "s", v, "err", errors.New(v), v, "key",
					"list", []string{v}, "thing", thing{Text: v, Deep: map[string]any{v: v}}, slog.Group("inner", "s", v))
			})
			require.Len(t, got, 1, "%q", v)
			requireHarmless(t, got[0])
			if text {
				continue
			}
			var e struct {
				Level, Msg string
				G          struct{ S string }
			}
			require.NoError(t, json.Unmarshal([]byte(got[0]), &e))
			require.Equal(t, "INFO", e.Level, "a value became a member")
			require.Equal(t, logline.Visible(v), e.G.S)
		}
	}
}

func TestAnyTextStaysInItsLine(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		v := string(rapid.SliceOf(rapid.Byte()).Draw(rt, "bytes")) + rapid.String().Draw(rt, "text")
		text := rapid.Bool().Draw(rt, "as text")
		var b bytes.Buffer
		logline.New(&b, logline.Options{Text: text}).Info(v, "v", v, "w", fmt.Errorf("%s", v))
		require.Equal(rt, 1, strings.Count(b.String(), "\n"))
		requireHarmless(rt, strings.TrimSuffix(b.String(), "\n"))
		if !text {
			require.True(rt, json.Valid(b.Bytes()), b.String())
		}
	})
}

func TestSecretsAreNotWritten(t *testing.T) {
	const s = "s3cr3t-value"
	for _, text := range []bool{false, true} {
		got := lines(t, text, func(l *slog.Logger) {
			l.With("Token", s).With("session_cookie", s).WithGroup("password").With("x", s).Info("a")
			l.Info("b", "authorization", "Bearer "+s, "code", s, "name", s, "display_name", s, "resume_token", s)
			l.Info("c", "typed", logline.Secret(s), "in", map[string]any{"deep": []any{map[string]string{"Password": s}}},
				"thing", thing{Token: s}, slog.Group("cookie", "v", s), "bytes", []byte(s))
			l.Info("d postgres://court:"+s+"@db/x", "err", errors.New("dial postgres://court:"+s+"@db/x: refused"))
			l.Info("e", "where", "https://court.example/#i="+s, "header", "Authorization: Bearer "+s)
			l.Info(fmt.Sprintf("%v %+v %#v %s", logline.Secret(s), logline.Secret(s), logline.Secret(s), logline.Secret(s)))
		})
		require.Len(t, got, 6)
		for _, line := range got {
			require.NotContains(t, line, s)
			require.Contains(t, line, logline.Redacted)
		}
	}
	b, err := json.Marshal(struct{ S logline.Secret }{s})
	require.NoError(t, err)
	require.NotContains(t, string(b), s)
}

// What operators need stays: redaction by key must not eat ids and reasons.
func TestOrdinaryKeysStay(t *testing.T) {
	got := lines(t, false, func(l *slog.Logger) {
		l.Info("m", "hearing", "h1", "person", "p1", "err", errors.New("no such file"), "seq", 7, "refusal", "busy")
	})
	for _, want := range []string{`"hearing":"h1"`, `"person":"p1"`, `"err":"no such file"`, `"seq":7`, `"refusal":"busy"`} {
		require.Contains(t, got[0], want)
	}
	require.NotContains(t, got[0], logline.Redacted)
}

func TestLongValuesAreCut(t *testing.T) {
	got := lines(t, false, func(l *slog.Logger) { l.Info("m", "v", strings.Repeat("ă", 1<<20)) })
	require.Less(t, len(got[0]), 20<<10)
	require.Contains(t, got[0], "more bytes")
}
