package main

import (
	"bufio"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// foreign is a device of others' making: a program that speaks WHIP or WHEP by itself.
type foreign struct {
	name string

	mu      sync.Mutex
	decoded map[string]bool
	log     []string
}

// startForeign starts it, with the token in TOKEN.
func startForeign(t *testing.T, token, name string, args ...string) *foreign {
	f := &foreign{name: name, decoded: map[string]bool{}}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "TOKEN="+token)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = cmd.Stdout
	require.NoError(t, cmd.Start())
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			f.says(lines.Text())
		}
	}()
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		<-read
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", f.name, strings.Join(f.log, "\n"))
		}
	})
	return f
}

func (f *foreign) says(line string) {
	var said struct{ Decoded string }
	f.mu.Lock()
	defer f.mu.Unlock()
	if json.Unmarshal([]byte(line), &said) == nil {
		f.decoded[said.Decoded] = true
	}
	f.log = append(f.log, line)
}

// decodes waits until the player has decoded sound and picture.
func (f *foreign) decodes(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.decoded["audio"] && f.decoded["video"]
	}, 60*time.Second, 50*time.Millisecond)
}

const systemPython = "/usr/bin/python3"

// needs skips by the name of what is missing; scripts/bootstrap.sh installs it.
func needs(t *testing.T, pkg, name string, args ...string) {
	t.Helper()
	if err := exec.CommandContext(t.Context(), name, args...).Run(); err != nil {
		t.Skipf("%s is not installed: %v", pkg, err)
	}
}

// What programs of others publish by WHIP is decoded by a player of yet others by WHEP:
// GStreamer and aiortc, neither of which shares code with us.
func TestForeignDevicesPublishAndPlay(t *testing.T) {
	needs(t, "python3-aiortc", systemPython, "-c", "import aiortc")
	needs(t, "gir1.2-gst-plugins-bad-1.0", systemPython, "-c",
		"import gi; gi.require_version('Gst','1.0'); gi.require_version('GstWebRTC','1.0'); from gi.repository import Gst, GstWebRTC")
	w := startWhip(t)
	w.bookShort()
	w.openHearing(w.enter())
	// Their ways to trust a certificate differ; TLS is the edge's and is tried elsewhere.
	plain := httptest.NewServer(w.proxies.Guard(w.handler()))
	t.Cleanup(plain.Close)
	publish, play := plain.URL+"/api/v1/whip", plain.URL+"/api/v1/whep"

	t.Run("GStreamer to aiortc", func(t *testing.T) {
		startForeign(t, w.token, systemPython, "testdata/gstreamer_device.py", "publish", publish)
		startForeign(t, w.wallToken, systemPython, "testdata/aiortc_device.py", "play", play).decodes(t)
	})
	t.Run("GStreamer's H.264 to aiortc", func(t *testing.T) {
		startForeign(t, w.token, systemPython, "testdata/gstreamer_device.py", "publish-h264", publish)
		startForeign(t, w.wallToken, systemPython, "testdata/aiortc_device.py", "play", play).decodes(t)
	})
	t.Run("aiortc to GStreamer", func(t *testing.T) {
		startForeign(t, w.token, systemPython, "testdata/aiortc_device.py", "publish", publish)
		startForeign(t, w.wallToken, systemPython, "testdata/gstreamer_device.py", "play", play).decodes(t)
	})
}
