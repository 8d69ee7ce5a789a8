package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/stretchr/testify/require"

	"phientoa/internal/config"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/wire"
	"phientoa/signaling"
)

// onWall are the hearings of the wall's first page; as many stand on the second.
const onWall = 25

// gop is how many pictures there are from a keyframe to the next when nobody asks for one.
const gop = 60

// smallFilm is VP8 as a camera's lowest layer: 320 x 180, 15 pictures a second, about
// 120 kbit/s, a keyframe every four seconds.
func smallFilm(t *testing.T) [][]byte {
	file := filepath.Join(t.TempDir(), "small.ivf")
	text, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=15", "-t", "12",
		"-c:v", "libvpx", "-b:v", "120k", "-g", fmt.Sprint(gop), "-deadline", "realtime", "-cpu-used", "8", file).CombinedOutput()
	require.NoError(t, err, string(text))
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	r, _, err := ivfreader.NewWith(f)
	require.NoError(t, err)
	var frames [][]byte
	for {
		frame, _, err := r.ParseNextFrame()
		if errors.Is(err, io.EOF) {
			return frames
		}
		require.NoError(t, err)
		frames = append(frames, frame)
	}
}

// film plays the frames from an offset on, for ever, counts the keyframes that it is asked
// for, and goes on with one, as an encoder makes one.
func (p *encoderPeer) film(ctx context.Context, frames [][]byte, from int, asked *atomic.Int64) {
	wanted := make(chan struct{}, 1)
	for _, s := range p.pc.GetSenders() {
		go func() {
			for {
				list, _, err := s.ReadRTCP()
				if err != nil {
					return
				}
				if slices.ContainsFunc(list, func(x rtcp.Packet) bool { _, yes := x.(*rtcp.PictureLossIndication); return yes }) {
					asked.Add(1)
					select {
					case wanted <- struct{}{}:
					default:
					}
				}
			}
		}()
	}
	packetizer := rtp.NewPacketizer(1200, 0, 0, &codecs.VP8Payloader{EnablePictureID: true}, rtp.NewRandomSequencer(), 90000)
	tick := time.NewTicker(time.Second / 15)
	defer tick.Stop()
	seq := uint16(0)
	for n := from; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		select {
		case <-wanted:
			n += (gop - n%gop) % gop
		default:
		}
		for _, pkt := range packetizer.Packetize(frames[n%len(frames)], 6000) {
			_ = p.video.WriteRTP(pkt)
		}
		for range 3 { // three times 20 ms are nearly a picture's time
			seq++
			_ = p.audio.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: seq, Timestamp: uint32(seq) * 960}, Payload: []byte{0xf8, 0xff, 0xfe}})
		}
	}
}

// holds books a hearing of its own, seats its judge and its camera, and opens it.
func (w *whipCourt) holds(n int, frames [][]byte, asked *atomic.Int64) {
	t := w.t
	policy := court.DefaultPolicy(court.Criminal)
	policy.NoticeDays, policy.RequireReady = 0, false
	at := time.Now().UnixMicro()
	w.hearing = fmt.Sprintf("01935b1e-0000-7000-8000-%012d", n)
	b := hearing.Booking{
		Hearing: hearing.ID(w.hearing), Unit: "unit-hn", Court: "Tòa án nhân dân khu vực 1", DocketNo: fmt.Sprintf("%d/2026/TLST-HS", n), StartsAt: at, Minutes: 120,
		Procedure: court.Criminal, Instance: "first_instance", Form: hearing.InPerson, Visibility: hearing.Public, Policy: &policy,
		Points: []hearing.Point{{ID: "p0", Kind: hearing.CentralPoint, Name: "Phòng xử án"}},
		People: []hearing.Person{{ID: "judge", Capacity: court.PresidingJudge, Alias: "Chủ tọa", Point: "p0"}},
		Devices: []hearing.Device{
			{ID: "console", Kind: hearing.Console, People: []hearing.PersonID{"judge"}},
			{ID: "camera", Kind: hearing.RoomClient, People: []hearing.PersonID{"judge"}},
		},
	}
	login := fmt.Sprintf("tham.phan.%d", n)
	judge := w.official("unit-hn", login, store.RoleJudge)
	var made struct{ Device, Token string }
	w.operator.get(http.StatusCreated, &made, "POST", "/api/v1/access/devices/encoders", map[string]string{"label": fmt.Sprintf("Máy quay %d", n)})
	row := store.Hearing{ID: w.hearing, Room: fmt.Sprintf("%032d", n), Unit: "unit-hn", DocketNo: b.DocketNo, StartsAt: at}
	require.NoError(t, signaling.BookHearing(t.Context(), w.store, w.p.Node, row, nil, b, time.Now()))
	require.NoError(t, w.store.PutSeats(t.Context(), court.SystemScope(), []store.Seat{
		{Hearing: w.hearing, Person: "judge", Device: "console", Account: w.account(login)},
		{Hearing: w.hearing, Person: "judge", Device: "camera", RoomDevice: made.Device},
	}))
	bench := newPodium(w, w.sit(judge, login))
	camera := newEncoderPeer(t)
	_, text := w.ask("POST", "/api/v1/whip", made.Token, sdpType, camera.offer)
	require.NoError(t, camera.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text}), text)
	within(t, camera.up)
	go camera.film(t.Context(), frames, 7*n, asked)
	bench.act(&wire.Command{Act: &wire.Command_Open{Open: &wire.Open{OverrideReason: "thử"}}})
}

// wallReport is what the browser measured.
type wallReport struct {
	First           float64   // milliseconds until all pictures of the first page were seen
	Playing, Tracks int       // pictures that move; tracks that were decoded
	CPUPercent      float64   `json:"cpuPercent"` // of all its processes; 100 is a core
	Kbps            float64   // received
	FramesPerSecond float64   `json:"framesPerSecond"` // of each picture
	AudioPackets    int       `json:"audioPackets"`
	Pages           []float64 // milliseconds from a page's turning until all its pictures were seen
}

// A wall of 25 live hearings in one Chromium, with as many on a second page: every picture
// moves, no sound comes, a page's pictures are there within a second of its turning, and the
// cameras are asked for no more keyframes than one every five seconds. For make long; node,
// ffmpeg and Chromium are those of the browser tests.
func TestAWallOf25HearingsInChromium(t *testing.T) {
	if os.Getenv("RAPID_CHECKS") == "" {
		t.Skip("long: fifty hearings, and the machine to itself")
	}
	tree := overseenTree(t)
	w := startWhipWith(t, func(c *config.Config) { c.UnitTree, c.LogLevel = tree, "warn" })
	require.NoError(t, w.store.PutUnit(t.Context(), court.SystemScope(), store.Unit{ID: overseer, Kind: "vks.regional", Name: "Viện kiểm sát", ValidFrom: 1},
		store.AdminEntry{At: time.Now(), Actor: "system", Unit: overseer, What: "unit.put", Object: string(overseer)}))
	frames := smallFilm(t)
	var asked atomic.Int64
	for n := range 2 * onWall {
		w.holds(n+1, frames, &asked)
	}
	w.official(overseer, "vien.truong", store.RoleProcuracyHead)
	before, begun := asked.Load(), time.Now()
	script, err := filepath.Abs("testdata/wall.mjs")
	require.NoError(t, err)
	shot := filepath.Join(t.TempDir(), "wall.png")
	if at := os.Getenv("PHIENTOA_SHOTS"); at != "" {
		shot = filepath.Join(at, "wall25.png")
	}
	run := exec.CommandContext(t.Context(), "node", script, w.listener.Addr().String(), "vien.truong", password, fmt.Sprint(onWall), shot)
	run.Dir = "../../test/e2e"
	var errs strings.Builder
	run.Stderr = &errs
	out, err := run.Output()
	require.NoError(t, err, errs.String())
	took := time.Since(begun)
	var r wallReport
	require.NoError(t, json.Unmarshal(out, &r))
	slices.Sort(r.Pages)
	requests := asked.Load() - before
	t.Logf("first page after %.0f ms; pages' pictures after %.0f ms (median; %.0f-%.0f); %.0f %% of a core, %.0f kbit/s, %.1f pictures/s each; %d keyframes asked of %d cameras in %.0f s",
		r.First, r.Pages[len(r.Pages)/2], r.Pages[0], r.Pages[len(r.Pages)-1], r.CPUPercent, r.Kbps, r.FramesPerSecond, requests, 2*onWall, took.Seconds())
	require.Equal(t, onWall, r.Playing, "every picture moves")
	require.Equal(t, onWall, r.Tracks)
	require.Zero(t, r.AudioPackets, "no sound until it is chosen")
	require.NotContains(t, r.Pages, -1.0, "every page is seen")
	require.Less(t, r.Pages[len(r.Pages)/2], 1000.0)
	require.LessOrEqual(t, float64(requests), 2*onWall*(took.Seconds()/5+1))
}
