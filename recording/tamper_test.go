package recording

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/ledger"
)

// recorded is a closed hearing with picture, sound, a loss and a restart.
func recorded(t *testing.T) opener {
	c := testClip(t)
	o := newOpener(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		part, _ := o.open(nil)
		part.Tap().Opened(camInfo, time.Now())
		part.Tap().Opened(micInfo, time.Now())
		play(part, clip{video: c.video[:len(c.video)/2], audio: c.audio[:len(c.audio)/2]}, none)
		require.NoError(t, part.Event(context.Background(), 1, []byte(`{"seq":1}`), true, true))
		require.NoError(t, part.Suspend(context.Background()))
		time.Sleep(3 * time.Second) //nolint:forbidigo // the clock of the bubble
		part, _ = o.open(nil)
		part.Tap().Opened(micInfo, time.Now())
		play(part, clip{audio: c.audio[:50]}, none)
		require.NoError(t, part.Close(context.Background()))
	})
	return o
}

func load(t *testing.T, dir string) fstest.MapFS {
	m := fstest.MapFS{}
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		m[name] = &fstest.MapFile{Data: b}
		return err
	}))
	return m
}

func copyOf(m fstest.MapFS) fstest.MapFS {
	out := fstest.MapFS{}
	for n, f := range m {
		out[n] = &fstest.MapFile{Data: append([]byte(nil), f.Data...)}
	}
	return out
}

func TestTamperingIsFoundAndThePlaceNamed(t *testing.T) {
	o := recorded(t)
	clean := load(t, filepath.Join(o.dir, "h-1", "part-0001"))
	verify := func(t require.TestingT, m fstest.MapFS) Report {
		r, err := VerifyDir(context.Background(), m, Options{Roots: o.id.Roots()})
		require.NoError(t, err)
		return r
	}
	r := verify(t, clean)
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.NotEmpty(t, r.Gaps)

	var names []string
	for n := range clean {
		names = append(names, n)
	}
	rapid.Check(t, func(t *rapid.T) {
		m := copyOf(clean)
		name := rapid.SampledFrom(names).Draw(t, "file")
		at := rapid.IntRange(0, len(m[name].Data)-1).Draw(t, "at")
		m[name].Data[at] ^= 1 << rapid.UintRange(0, 7).Draw(t, "bit")
		r := verify(t, m)
		require.Equal(t, 1, r.ExitCode())
		require.NotEmpty(t, r.Damages)
		d := r.Damages[0]
		require.Equal(t, name, d.File)
		if d.Code == DamageMedia {
			require.LessOrEqual(t, d.Offset, int64(at))
			require.Greater(t, d.Offset+d.Length, int64(at))
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		m := copyOf(clean)
		name := rapid.SampledFrom(names).Draw(t, "file")
		m[name].Data = m[name].Data[:rapid.IntRange(0, len(m[name].Data)-1).Draw(t, "cut")]
		require.Equal(t, 1, verify(t, m).ExitCode())
	})
	for what, change := range map[string]func(fstest.MapFS){
		"a foreign file":       func(m fstest.MapFS) { m["media/t009-1.webm"] = &fstest.MapFile{Data: []byte("x")} },
		"a foreign directory":  func(m fstest.MapFS) { m["extra/x"] = &fstest.MapFile{} },
		"bytes behind the end": func(m fstest.MapFS) { m["media/t001-1.webm"].Data = append(m["media/t001-1.webm"].Data, 0) },
		"a file taken away":    func(m fstest.MapFS) { delete(m, "media/t002-1.webm") },
		"two files swapped": func(m fstest.MapFS) {
			m["media/t002-1.webm"], m["media/t002-2.webm"] = m["media/t002-2.webm"], m["media/t002-1.webm"]
		},
		"checkpoints taken away": func(m fstest.MapFS) { delete(m, ledger.CheckpointsName) },
	} {
		m := copyOf(clean)
		change(m)
		r := verify(t, m)
		require.Equal(t, 1, r.ExitCode(), what)
		require.NotEmpty(t, r.Damages, what)
		require.NotEmpty(t, r.Text("vi"))
	}
}

func TestAProgramWrittenFromTheFormatPageAgrees(t *testing.T) {
	for _, tool := range []string{"python3", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is missing")
		}
	}
	o := recorded(t)
	dir := filepath.Join(o.dir, "h-1", "part-0001")
	run := func() (string, error) {
		out, err := exec.Command("python3", "archive/assets/verify.py", dir).CombinedOutput()
		return string(out), err
	}
	out, err := run()
	require.NoError(t, err, out)
	media := files(t, dir)[0]
	b, err := os.ReadFile(media)
	require.NoError(t, err)
	b[len(b)/2] ^= 4
	require.NoError(t, os.WriteFile(media, b, 0o600))
	out, err = run()
	require.Error(t, err)
	require.Contains(t, out, "media at line")
}
