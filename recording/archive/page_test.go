//go:build !verifier

package archive

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/asic"
	"phientoa/internal/ledger"
	"phientoa/recording"
)

// block takes the one code block of a language out of docs/archive-format.md.
func block(t *testing.T, language string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/archive-format.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(page), "\n```"+language+"\n")
	require.True(t, ok)
	code, _, ok := strings.Cut(rest, "\n```\n")
	require.True(t, ok)
	return code + "\n"
}

func needTools(t *testing.T, tools ...string) {
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is missing")
		}
	}
}

// program writes a program of the page into a file and returns a function that
// runs it in an empty directory.
func program(t *testing.T, interpreter, code string) func(env []string, args ...string) (string, error) {
	path := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(path, []byte(code), 0o600))
	return func(env []string, args ...string) (string, error) {
		cmd := exec.CommandContext(context.Background(), interpreter, append([]string{path}, args...)...)
		cmd.Dir = t.TempDir()
		cmd.Env = append(os.Environ(), env...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
}

func TestTheProgramInsideIsThatOfThePage(t *testing.T) {
	require.Equal(t, script, block(t, "python"))
}

// A stranger who has only the page, the file and the court's certificate: whole
// where nothing was touched, and every change of a content is found.
func TestAStrangerVerifiesFromThePageAlone(t *testing.T) {
	needTools(t, "python3", "openssl", "unzip", "awk")
	c := newCourt(t)
	path, _ := c.sealed(t, 120)
	root := c.rootPEM(t)
	python, shell := program(t, "python3", block(t, "python")), program(t, "sh", block(t, "sh"))
	sh := func(path, root string) (string, error) { return shell([]string{"FILE=" + path, "ROOT=" + root}) }

	out, err := python(nil, path, root)
	require.NoError(t, err, out)
	require.Equal(t, "whole\n", out)
	out, err = python(nil, path)
	require.NoError(t, err, out)
	require.Equal(t, "whole; signer unknown\n", out)
	out, err = python(nil, strings.TrimSuffix(path, Ext), root)
	require.NoError(t, err, out)
	out, err = sh(path, root)
	require.NoError(t, err, out)
	require.Contains(t, out, "Verification: OK")
	stranger := newCourt(t).rootPEM(t)
	_, err = python(nil, path, stranger)
	require.Error(t, err)
	_, err = sh(path, stranger)
	require.Error(t, err)

	namesake := newCourt(t)
	pems, err := os.ReadFile(root)
	require.NoError(t, err)
	more, err := os.ReadFile(namesake.rootPEM(t))
	require.NoError(t, err)
	both := filepath.Join(t.TempDir(), "both.pem")
	require.NoError(t, os.WriteFile(both, append(pems, more...), 0o600))
	clean := open(t, path)
	withCourt(t, c, python, sh)
	for what, change := range map[string]func(f *forger){
		"a track":          func(f *forger) { f.files["media/t001-1.webm"][300] ^= 1 },
		"the log":          func(f *forger) { f.files["log.jsonl"][100] ^= 1 },
		"the checkpoints":  func(f *forger) { f.files["checkpoints.txt"][100] ^= 1 },
		"the description":  func(f *forger) { f.files[sessionName][50] ^= 1 },
		"the manifest":     func(f *forger) { f.files[asic.ManifestName][200] ^= 1 },
		"the seal":         func(f *forger) { f.files[asic.SignatureName][200] ^= 1 },
		"a file removed":   func(f *forger) { f.remove("media/t002-1.webm") },
		"a file added":     func(f *forger) { f.add("media/t003-1.webm", []byte("x")) },
		"a resealed track": func(f *forger) { f.files["media/t001-1.webm"][300] ^= 1; f.reseal(c.sealer) },
		"a resealed description": func(f *forger) {
			f.files[sessionName] = bytes.Replace(f.files[sessionName], []byte("12/2026"), []byte("13/2026"), 1)
			f.reseal(c.sealer)
		},
		"a seal of another key of that name": func(f *forger) { f.reseal(namesake.sealer) },
	} {
		f := clean.clone()
		change(f)
		changed := filepath.Join(t.TempDir(), "changed.asice")
		require.NoError(t, os.WriteFile(changed, f.pack(), 0o600))
		// Also where Python's optimiser leaves assertions out.
		for _, env := range [][]string{nil, {"PYTHONOPTIMIZE=1"}} {
			out, err := python(env, changed, both)
			require.Error(t, err, "%s: python: %s", what, out)
			require.Contains(t, out, "not whole: ", what)
		}
		if strings.Contains(what, "seal of") || strings.Contains(what, "resealed") {
			continue // that is for the log to tell, and there is no timestamp
		}
		out, err = sh(changed, root)
		require.Error(t, err, "%s: openssl: %s", what, out)
	}
}

// withCourt has the stranger check a file with the court's seal.
func withCourt(t *testing.T, c *court, python func(env []string, args ...string) (string, error), sh func(path, root string) (string, error)) {
	a := newAuthority(t, c.now)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	part := c.record(t, 60)
	path := part + Ext
	_, err = Build(context.Background(), BuildParams{Part: part, Out: path, Signer: c.withCourt(t, a, a.court(key))})
	require.NoError(t, err)
	root := c.rootPEM(t)
	_, err = python(nil, path, root)
	require.Error(t, err, "the court's authority is not known")
	_, err = sh(path, root)
	require.Error(t, err)
	pems, err := os.ReadFile(root)
	require.NoError(t, err)
	pems = append(pems, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})...)
	require.NoError(t, os.WriteFile(root, pems, 0o600))
	out, err := python(nil, path, root)
	require.NoError(t, err, out)
	require.Equal(t, "whole\n", out)
	out, err = sh(path, root)
	require.NoError(t, err, out)
	clean := open(t, path)
	for what, change := range map[string]func(f *forger){
		"the court's list":   func(f *forger) { f.files[asic.Manifest2Name][400] ^= 1 },
		"the court's seal":   func(f *forger) { f.files[asic.Signature2Name][200] ^= 1 },
		"the list removed":   func(f *forger) { f.remove(asic.Manifest2Name) },
		"the node's re-seal": func(f *forger) { f.files[asic.SignatureName] = nodeSeal(t, c, f) },
	} {
		f := clean.clone()
		change(f)
		changed := filepath.Join(t.TempDir(), "changed.asice")
		require.NoError(t, os.WriteFile(changed, f.pack(), 0o600))
		_, err := python(nil, changed, root)
		require.Error(t, err, "python: %s", what)
		_, err = sh(changed, root)
		require.Error(t, err, "openssl: %s", what)
	}
}

// nodeSeal is another seal of the node over the same list.
func nodeSeal(t *testing.T, c *court, f *forger) []byte {
	der, err := c.sealer.Seal(context.Background(), "phientoa/node-1/hearing/h-1/part/0001", sha256.Sum256(f.files[asic.ManifestName]))
	require.NoError(t, err)
	return der
}

// A track file that ended by a fault of the disk: what stands behind its recorded
// length is no evidence, for the page's program as for ours, and both say no to a
// recorded length that is not that of the stretches.
func TestAStrangerVerifiesAFileThatEndedByAFault(t *testing.T) {
	needTools(t, "python3", "openssl")
	c := newCourt(t)
	var syncs atomic.Int64
	c.fs = func(dir string) (recording.PartFS, error) {
		fsys, err := ledger.DirFS(dir)
		return failingSync{fsys, &syncs}, err
	}
	path, _ := c.sealed(t, 400)
	r := VerifyFile(context.Background(), path, c.options())
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	f := open(t, path)
	_, fault, ok := strings.Cut(string(f.files[ledger.LogName]), `"why":"io-error"`)
	require.True(t, ok)
	_, fault, ok = strings.Cut(fault, `"length":`)
	require.True(t, ok)
	var length int
	_, err := fmt.Sscanf(fault, "%d", &length)
	require.NoError(t, err)
	require.Greater(t, len(f.files["media/t001-1.webm"]), length, "bytes that were never durable stand behind")
	python := program(t, "python3", block(t, "python"))
	out, err := python(nil, path, c.rootPEM(t))
	require.NoError(t, err, out)
	require.Equal(t, "whole\n", out)
}

// failingSync fails the third fsync of the first track file.
type failingSync struct {
	ledger.CloserFS
	syncs *atomic.Int64
}

// Create implements ledger.FS.
func (f failingSync) Create(name string) (ledger.File, error) {
	file, err := f.CloserFS.Create(name)
	if err == nil && name == "media/t001-1.webm" {
		return failingFile{file, f.syncs}, nil
	}
	return file, err
}

type failingFile struct {
	ledger.File
	syncs *atomic.Int64
}

// Sync implements ledger.File.
func (f failingFile) Sync() error {
	if f.syncs.Add(1) == 3 {
		return errors.New("input/output error")
	}
	return f.File.Sync()
}
