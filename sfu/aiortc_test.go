package sfu

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// aiortc is an independent WebRTC stack: two of its peers decode each other.
func TestAiortcPeersDecodeEachOther(t *testing.T) {
	python := "/usr/bin/python3"
	if exec.Command(python, "-c", "import aiortc").Run() != nil {
		t.Skip("python3-aiortc is not installed")
	}
	r := newTestRoom(t, nil)
	require.NoError(t, r.Apply(Routing{Grants: []Grant{
		toPeer(mic("a"), "b"), toPeer(cam("a"), "b"), toPeer(mic("b"), "a"), toPeer(cam("b"), "a"),
	}}))
	devices := map[string]*aiortcDevice{}
	for id, other := range map[string]string{"a": "b", "b": "a"} {
		devices[id] = startAiortc(t, python, r, id, other)
	}
	for id, d := range devices {
		waitFor(t, id+" decodes both", func() bool { return d.has("audio") && d.has("video") })
	}
}

type aiortcDevice struct {
	mu      sync.Mutex
	decoded map[string]bool
}

func (d *aiortcDevice) has(kind string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.decoded[kind]
}

func startAiortc(t *testing.T, python string, r *Room, id, other string) *aiortcDevice {
	cmd := exec.Command(python, "testdata/aiortc_client.py")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewReaderSize(out, 1<<20)
	var offer struct {
		SDP  string
		MIDs []string
	}
	line, err := lines.ReadBytes('\n')
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(line, &offer))
	p, err := r.Join(PeerParams{ID: id, MayPublish: []SourceKind{Mic, Cam}})
	require.NoError(t, err)
	p.Prepare([]SourceID{mic(other), cam(other)})
	a, err := p.Negotiate(t.Context(), Offer{SDP: offer.SDP, Publish: []Publish{
		{MID: offer.MIDs[0], Kind: Mic}, {MID: offer.MIDs[1], Kind: Cam},
	}})
	require.NoError(t, err)
	answer, err := json.Marshal(map[string]string{"sdp": a.SDP})
	require.NoError(t, err)
	_, err = in.Write(append(answer, '\n'))
	require.NoError(t, err)
	d := &aiortcDevice{decoded: map[string]bool{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return
			}
			var said struct{ Decoded string }
			if json.Unmarshal(line, &said) == nil {
				d.mu.Lock()
				d.decoded[said.Decoded] = true
				d.mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() {
		_, _ = io.WriteString(in, "\n")
		_ = in.Close()
		<-done
		_ = cmd.Wait()
	})
	return d
}
