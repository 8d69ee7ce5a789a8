package playback

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/recording/archive"
	"phientoa/sfu"
)

func render(t *testing.T, out string) (Derivation, error) { return renderOf(t, example(t), out) }

func renderOf(t *testing.T, path, out string) (Derivation, error) {
	t.Helper()
	r, size, c, err := archive.OpenContainer(path)
	require.NoError(t, err)
	defer c.Close()
	var last float64
	begun := time.Now()
	d, err := Render(t.Context(), RenderParams{Container: r, Size: size, Out: out, reserve: 1, Progress: func(share float64) {
		require.GreaterOrEqual(t, share, last)
		last = share
	}})
	if err == nil {
		require.InDelta(t, 1, last, 0.05)
		t.Logf("%d s of 2 cameras and 2 microphones rendered in %s: %.1f times real time", seconds, time.Since(begun), seconds/time.Since(begun).Seconds())
	}
	return d, err
}

func TestARenderingIsRepeatableAndNamesItsSource(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one.mp4"), filepath.Join(dir, "two.mp4")
	d, err := render(t, one)
	require.NoError(t, err)
	_, err = render(t, two)
	require.NoError(t, err)
	a, err := os.ReadFile(one)
	require.NoError(t, err)
	b, err := os.ReadFile(two)
	require.NoError(t, err)
	require.True(t, bytes.Equal(a, b), "the same container gives the same bytes")
	require.Equal(t, fmt.Sprintf("%x", sha256.Sum256(a)), d.MP4)
	whole, err := os.ReadFile(example(t))
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("%x", sha256.Sum256(whole)), d.Source)
	text, err := os.ReadFile(one + ".json")
	require.NoError(t, err)
	var beside Derivation
	require.NoError(t, json.Unmarshal(text, &beside))
	require.Equal(t, d, beside)
	require.Len(t, d.Tracks, 4)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 4, "nothing else is left")

	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-show_entries", "format=duration:format_tags=comment:stream=codec_name", "-of", "json", one).Output()
	require.NoError(t, err)
	require.Contains(t, string(out), d.Source)
	require.Contains(t, string(out), "Bản dẫn xuất")
	require.Contains(t, string(out), "h264")
	require.Contains(t, string(out), "aac")
	// Pictures stand where they were captured (pictures counts bars): at 30 s both
	// points show picture 30*25, give or take the way through the network.
	for _, at := range []int{3, 30, 58} {
		left, right := shownAt(t, one, at)
		require.InDelta(t, at*fps, left, 5)
		require.InDelta(t, at*fps, right, 5)
	}
	// In the gap there is black, not the last picture.
	left2, right2 := shownAt(t, one, 23)
	require.InDelta(t, 23*fps, left2, 5)
	require.Zero(t, right2)
}

// shownAt reads the picture's number off both points of a rendered picture.
func shownAt(t *testing.T, path string, at int) (left, right int) {
	t.Helper()
	raw, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-ss", fmt.Sprint(at), "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-").Output()
	require.NoError(t, err)
	require.Len(t, raw, renderWidth*renderHeight)
	row := raw[renderHeight/4*renderWidth:][:renderWidth]
	read := func(from int) (n int) {
		for bar := range bars {
			if row[from+(2*bar+1)*renderWidth/4/bars] > 128 {
				n |= 1 << bar
			}
		}
		return n
	}
	return read(0), read(renderWidth / 2)
}

// Of an H.264 camera the player has all that it has of the other, and a rendering shows
// its pictures where they were captured.
func TestAnH264TrackIsIndexedAndRendered(t *testing.T) {
	path := exampleOf(t, sfu.H264)
	x := read(t, path)
	require.Zero(t, x.Skipped)
	var seen *Track
	for i := range x.Tracks {
		if x.Tracks[i].Codec == "h264" {
			seen = &x.Tracks[i]
		}
	}
	require.NotNil(t, seen)
	require.Equal(t, `video/mp4; codecs="avc1.42e01f"`, seen.Mime)
	keys := int64(0)
	for _, f := range seen.Files {
		require.NotZero(t, f.Init)
		for _, s := range f.Segments {
			keys += s.Keys
		}
	}
	require.GreaterOrEqual(t, keys, int64((seconds-gapTo+gapFrom)/2))
	mp4 := filepath.Join(t.TempDir(), "x.mp4")
	_, err := renderOf(t, path, mp4)
	require.NoError(t, err)
	for _, at := range []int{3, 30, 58} {
		left, right := shownAt(t, mp4, at)
		require.InDelta(t, at*fps, left, 5)
		require.InDelta(t, at*fps, right, 5)
	}
}

func TestARenderingLeavesRoomForRecordings(t *testing.T) {
	r, size, c, err := archive.OpenContainer(example(t))
	require.NoError(t, err)
	defer c.Close()
	dir := t.TempDir()
	_, err = Render(t.Context(), RenderParams{Container: r, Size: size, Out: filepath.Join(dir, "x.mp4"), reserve: 1 << 60})
	require.ErrorIs(t, err, ErrNoRoom)
	// And one that is given up leaves nothing.
	ctx, cancel := context.WithCancel(t.Context())
	_, err = Render(ctx, RenderParams{Container: r, Size: size, Out: filepath.Join(dir, "x.mp4"), reserve: 1, Progress: func(float64) { cancel() }})
	require.Error(t, err)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestManyGapsStayWithinOneExpression(t *testing.T) {
	var f File
	for i := range int64(5000) {
		f.Segments = append(f.Segments, Segment{FromMS: i * 5000, ToMS: i*5000 + 1000})
	}
	require.Equal(t, maxSpans, strings.Count(when(f), "between"))
}
