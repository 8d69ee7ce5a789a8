package excerpt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/asic"
	"phientoa/internal/cades"
)

// block takes the one code block of a language out of the part of docs/archive-format.md
// about excerpts.
func block(t *testing.T, language string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/archive-format.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(page), "\n## Excerpts and redacted copies\n")
	require.True(t, ok)
	_, rest, ok = strings.Cut(rest, "\n```"+language+"\n")
	require.True(t, ok)
	code, _, ok := strings.Cut(rest, "\n```\n")
	require.True(t, ok)
	return code + "\n"
}

func TestTheProgramInsideIsThatOfThePage(t *testing.T) {
	require.Equal(t, script, block(t, "python"))
}

// A stranger who has only the page, an excerpt or a redacted copy, and the court's
// certificate.
func TestAStrangerVerifiesFromThePageAlone(t *testing.T) {
	for _, tool := range []string{"python3", "openssl", "unzip"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is missing")
		}
	}
	c := newCourt(t)
	root, stranger := c.rootPEM(t), newCourt(t).rootPEM(t)
	part := c.sealed(t, hearing{devices: 2, seconds: 60, lost: 33, restart: 25})
	dir := t.TempDir()
	run := func(interpreter, code string, env []string, args ...string) (string, error) {
		path := filepath.Join(dir, "program")
		require.NoError(t, os.WriteFile(path, []byte(code), 0o600))
		cmd := exec.CommandContext(context.Background(), interpreter, append([]string{path}, args...)...)
		cmd.Dir, cmd.Env = t.TempDir(), append(os.Environ(), env...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	file := filepath.Join(dir, "x.asice")
	python := func(b []byte, args ...string) (string, error) {
		require.NoError(t, os.WriteFile(file, b, 0o600))
		return run("python3", block(t, "python"), []string{"PYTHONOPTIMIZE=1"}, append([]string{file}, args...)...)
	}
	shell := func(b []byte, root string) (string, error) {
		require.NoError(t, os.WriteFile(file, b, 0o600))
		return run("sh", block(t, "shell"), []string{"FILE=" + file, "ROOT=" + root})
	}
	for kind, a := range map[string]Asked{
		KindExcerpt:  {Kind: KindExcerpt, FromT: at(21), ToT: at(40), Tracks: []string{"t001", "t004"}, Events: true},
		KindRedacted: {Kind: KindRedacted, Cuts: []Cut{{FromT: at(20), ToT: at(31)}, {FromT: at(40), ToT: at(41), Tracks: []string{"t002"}}}},
	} {
		b, err := c.make(t, part, a)
		require.NoError(t, err)
		r := verify(b, c.options())
		require.Equal(t, 0, r.ExitCode(), r.Text("en"))
		out, err := python(b, root)
		require.NoError(t, err, out)
		require.Contains(t, out, kind+" whole: ")
		out, err = python(b)
		require.NoError(t, err, out)
		require.Contains(t, out, "whole; signer unknown")
		_, err = python(b, stranger)
		require.Error(t, err)
		out, err = shell(b, root)
		require.NoError(t, err, out)
		_, err = shell(b, stranger)
		require.Error(t, err)
		for name := range takeApart(t, b).files {
			f := takeApart(t, b)
			f.files[name][placeIn(t, f, name)] ^= 1
			out, err := python(f.pack(nil), root)
			require.Error(t, err, name)
			require.Contains(t, out, "not whole: ", name)
			_, err = shell(f.pack(nil), root)
			require.Error(t, err, name)
		}
		resealed(t, c, b, func(what string, forged []byte) {
			out, err := python(forged, root)
			require.Error(t, err, "%s: %s", what, out)
		})
	}
}

// resealed are changes by somebody who has the node's key, and seals them: the sealed part
// they cannot change.
func resealed(t *testing.T, c *court, b []byte, try func(what string, forged []byte)) {
	lineAt := func(f *forger, kind string) (from, to int) {
		i := bytes.Index(f.files[linesName], []byte(`"k":"`+kind+`"`))
		require.Positive(t, i)
		return bytes.LastIndexByte(f.files[linesName][:i], '\n') + 1, i + bytes.IndexByte(f.files[linesName][i:], '\n') + 1
	}
	for what, change := range map[string]func(f *forger){
		"sound":         func(f *forger) { m := f.files[f.names[len(f.names)-5]]; m[len(m)-9] ^= 1 },
		"a line":        func(f *forger) { from, to := lineAt(f, "seg"); f.files[linesName][(from+to)/2] ^= 1 },
		"a salt":        func(f *forger) { _, to := lineAt(f, "seg"); f.files[linesName][to-90] ^= 1 },
		"no gap":        func(f *forger) { dropLine(f, lineAt, "gap") },
		"no end":        func(f *forger) { dropLine(f, lineAt, "end") },
		"a hash":        func(f *forger) { f.files[proofName][5] ^= 1 },
		"a hash less":   func(f *forger) { f.files[proofName] = f.files[proofName][32:] },
		"a hash more":   func(f *forger) { f.files[proofName] = append(f.files[proofName], make([]byte, 32)...) },
		"a longer file": func(f *forger) { n := f.names[len(f.names)-5]; f.files[n] = append(f.files[n], 'x') },
		"another part": func(f *forger) {
			f.files[sessionName] = bytes.Replace(f.files[sessionName], []byte("12/2026"), []byte("13/2026"), 1)
		},
	} {
		f := takeApart(t, b)
		change(f)
		try(what, f.pack(c.sealer))
	}
}

func dropLine(f *forger, at func(f *forger, kind string) (int, int), kind string) {
	from, to := at(f, kind)
	l := f.files[linesName]
	f.files[linesName] = append(bytes.Clone(l[:from]), l[to:]...)
}

// placeIn is a byte that openssl looks at: beside a signature stand certificates and
// lists that it may not need.
func placeIn(t *testing.T, f *forger, name string) int {
	if name != asic.SignatureName {
		return len(f.files[name]) / 4
	}
	s, err := cades.Verify(f.files[name], sha256.Sum256(f.files[asic.ManifestName]))
	require.NoError(t, err)
	at := bytes.Index(f.files[name], s.Value)
	require.Positive(t, at)
	return at + len(s.Value)/2
}
