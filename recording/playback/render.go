package playback

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"phientoa/recording"
)

// A rendering is one MP4 of all points side by side, for where no player of ours is.
// It is a derivative: it proves nothing, says so in its metadata and in the JSON beside
// it, and names the SHA-256 of what it was made of. The same container gives the same
// bytes with the same ffmpeg.

// Of every rendering.
const (
	renderWidth, renderHeight = 1280, 720
	renderRate                = 25
	renderBitrate             = 3e6      // bits a second at most, for the estimate of room
	renderReserve             = 10 << 30 // bytes that a rendering leaves to the recordings
	renderMost                = 24 * time.Hour
	maxSpans                  = 300 // of one track in the graph; more are joined
)

// ErrNoRoom: the disk has to be kept for recordings.
var ErrNoRoom = errors.New("playback: too little room on the disk to render")

// RenderParams makes one MP4.
type RenderParams struct {
	Container io.ReaderAt
	Size      int64
	Out       string // the file, beside it Out + ".json"; both are there as a whole or not at all
	// Limit is how many bytes a second are read, bursts of digestStep; nil: as many as
	// the disk gives, which a recording on it would feel.
	Limit    *rate.Limiter
	Progress func(share float64)
	reserve  int64 // tests leave none
}

// Derivation is the JSON beside a rendering.
type Derivation struct {
	Derivative string `json:"derivative"` // what this is, for people
	Hearing    string `json:"hearing"`
	Part       int    `json:"part"`
	Source     string `json:"source_sha256"` // of the container, hex
	MP4        string `json:"mp4_sha256"`
	Tool       string `json:"tool"`
	Tracks     []struct {
		Name   string `json:"name"`
		SHA256 string `json:"sha256"`
	} `json:"tracks"`
	// Gaps of the part are not visible in an MP4 but as black and silence.
	Gaps int `json:"gaps"`
}

// Render renders. It takes minutes for an hour of a hearing, on one core and behind
// everything else on the machine.
func Render(ctx context.Context, p RenderParams) (d Derivation, err error) {
	x, err := Read(p.Container, p.Size)
	if err != nil {
		return d, err
	}
	if p.reserve == 0 {
		p.reserve = renderReserve
	}
	if err := room(x, filepath.Dir(p.Out), p.reserve); err != nil {
		return d, err
	}
	work, err := os.MkdirTemp(filepath.Dir(p.Out), ".render-")
	if err != nil {
		return d, fmt.Errorf("playback: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	ctx, cancel := context.WithTimeout(ctx, renderMost)
	defer cancel()
	if d, err = unpack(ctx, p, x, work); err != nil {
		return d, err
	}
	version, err := exec.CommandContext(ctx, "ffmpeg", "-version").Output()
	if err != nil {
		return d, fmt.Errorf("playback: ffmpeg: %w", err)
	}
	d.Tool, _, _ = strings.Cut(string(version), " Copyright")
	made := filepath.Join(work, "out.mp4")
	if err := ffmpeg(ctx, arguments(x, work, d, made), float64(x.Length)/1e6, p.Progress); err != nil {
		return d, err
	}
	f, err := os.Open(made)
	if err != nil {
		return d, fmt.Errorf("playback: %w", err)
	}
	d.MP4, err = digest(ctx, p.Limit, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return d, err
	}
	text, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return d, fmt.Errorf("playback: %w", err)
	}
	// The JSON comes first, so that no MP4 stands without it.
	if err := os.WriteFile(made+".json", append(text, '\n'), 0o600); err != nil {
		return d, fmt.Errorf("playback: %w", err)
	}
	return d, errors.Join(os.Rename(made+".json", p.Out+".json"), os.Rename(made, p.Out))
}

// room asks for the unpacked tracks, the MP4 twice (it is rewritten to begin fast)
// and the reserve.
func room(x *Index, dir string, reserve int64) error {
	need := reserve + 2*int64(float64(x.Length)/1e6*renderBitrate/8)
	for _, t := range x.Tracks {
		for _, f := range t.Files {
			need += f.Length
		}
	}
	free, err := recording.Free(dir)
	if err != nil {
		return fmt.Errorf("playback: %w", err)
	}
	if free < need {
		return ErrNoRoom
	}
	return nil
}

// unpack copies the tracks out of the container, with their digests.
func unpack(ctx context.Context, p RenderParams, x *Index, work string) (d Derivation, err error) {
	d = Derivation{
		Derivative: "Bản dẫn xuất để xem, không phải chứng cứ; chứng cứ là gói lưu trữ. A derivative for watching; the evidence is the sealed file.",
		Hearing:    x.Hearing, Part: x.Part, Gaps: len(x.Gaps),
	}
	if d.Source, err = digest(ctx, p.Limit, io.NewSectionReader(p.Container, 0, p.Size)); err != nil {
		return d, err
	}
	for _, t := range x.Tracks {
		for _, f := range t.Files {
			out, err := os.Create(filepath.Join(work, f.Name))
			if err != nil {
				return d, fmt.Errorf("playback: %w", err)
			}
			sum, err := digest(ctx, p.Limit, io.TeeReader(io.NewSectionReader(p.Container, f.Offset, f.Length), out))
			if err = errors.Join(err, out.Close()); err != nil {
				return d, err
			}
			d.Tracks = append(d.Tracks, struct {
				Name   string `json:"name"`
				SHA256 string `json:"sha256"`
			}{f.Name, sum})
		}
	}
	return d, nil
}

// digestStep is how much is read between two looks at the limit, in bytes.
const digestStep = 1 << 20

// digest is the SHA-256 of what is read, hex, within the limit; ctx ends it.
func digest(ctx context.Context, limit *rate.Limiter, r io.Reader) (string, error) {
	h := sha256.New()
	buf := make([]byte, digestStep)
	for {
		n, err := r.Read(buf)
		_, _ = h.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			return fmt.Sprintf("%x", h.Sum(nil)), nil
		}
		if err = errors.Join(err, ctx.Err()); err == nil && limit != nil {
			err = limit.WaitN(ctx, n)
		}
		if err != nil {
			return "", fmt.Errorf("playback: %w", err)
		}
	}
}

// arguments of ffmpeg. Everything that could differ between two runs is fixed:
// threads, metadata, the writing application.
func arguments(x *Index, work string, d Derivation, out string) []string {
	args := []string{"-v", "error", "-nostdin", "-y", "-progress", "pipe:1", "-filter_complex_threads", "1"}
	for _, t := range x.Tracks {
		for _, f := range t.Files {
			// Pictures change their size with the line; only the scaler need know.
			args = append(args, "-reinit_filter", "0", "-threads", "1", "-f", "matroska", "-i", filepath.Join(work, f.Name))
		}
	}
	return append(args, "-filter_complex", graph(x), "-map", "[v]", "-map", "[a]",
		"-c:v", "libx264", "-preset", "veryfast", "-crf", "25", "-maxrate", fmt.Sprint(int(renderBitrate)), "-bufsize", fmt.Sprint(int(2*renderBitrate)),
		"-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k", "-threads", "1",
		"-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact",
		"-metadata", "title="+fmt.Sprintf("%s – %d", x.Docket, x.Part), "-metadata", "comment="+d.Derivative+" SHA-256: "+d.Source,
		"-t", seconds6(x.Length), "-movflags", "+faststart", "-f", "mp4", out)
}

// graph lays the points side by side on one clock. Where nothing was recorded there is
// black and silence, never a picture that stands still.
func graph(x *Index) string {
	cams := 0
	for _, t := range x.Tracks {
		if !strings.HasPrefix(t.Mime, "audio/") {
			cams++
		}
	}
	side := max(1, int(math.Ceil(math.Sqrt(float64(cams)))))
	w, h := renderWidth/side&^1, renderHeight/side&^1
	var b, sounds strings.Builder
	fmt.Fprintf(&b, "color=c=black:s=%dx%d:r=%d:d=%s[p0]", renderWidth, renderHeight, renderRate, seconds6(x.Length))
	input, cell, laid, mixed := 0, 0, 0, 0
	for _, t := range x.Tracks {
		audio := strings.HasPrefix(t.Mime, "audio/")
		for _, f := range t.Files {
			shift := seconds6(f.Segments[0].Shift)
			if audio {
				fmt.Fprintf(&b, ";[%d:a]asetpts=PTS+(%s)/TB,aresample=48000:async=1:first_pts=0,aformat=channel_layouts=stereo[s%d]", input, shift, mixed)
				fmt.Fprintf(&sounds, "[s%d]", mixed)
				mixed++
			} else {
				fmt.Fprintf(&b, ";[%d:v]setpts=PTS+(%s)/TB,fps=%d,scale=%d:%d:force_original_aspect_ratio=decrease,pad=%d:%d:-1:-1[c%d]",
					input, shift, renderRate, w, h, w, h, laid)
				fmt.Fprintf(&b, ";[p%d][c%d]overlay=%d:%d:eof_action=pass:enable='%s'[p%d]", laid, laid, cell%side*w, cell/side*h, when(f), laid+1)
				laid++
			}
			input++
		}
		if !audio {
			cell++
		}
	}
	fmt.Fprintf(&b, ";[p%d]format=yuv420p[v]", laid)
	if mixed == 0 {
		fmt.Fprintf(&b, ";anullsrc=r=48000:cl=stereo,atrim=duration=%s[a]", seconds6(x.Length))
	} else {
		fmt.Fprintf(&b, ";%samix=inputs=%d:normalize=0:duration=longest,alimiter,apad=whole_dur=%s[a]", sounds.String(), mixed, seconds6(x.Length))
	}
	return b.String()
}

// together is how far apart two blocks may be, in milliseconds, to be one run.
const together = 1000

// when is ffmpeg's expression for the stretches that a file has pictures of.
func when(f File) string {
	type span struct{ from, to int64 }
	var all []span
	for _, s := range f.Segments {
		from, to := s.FromMS*1000+s.Shift, s.ToMS*1000+s.Shift+1e6/renderRate
		if n := len(all); n > 0 && (from-all[n-1].to < together*1000 || n == maxSpans) {
			all[n-1].to = to
			continue
		}
		all = append(all, span{from, to})
	}
	terms := make([]string, len(all))
	for i, s := range all {
		terms[i] = fmt.Sprintf("between(t,%s,%s)", seconds6(s.from), seconds6(s.to))
	}
	return strings.Join(terms, "+")
}

// seconds6 writes microseconds as seconds.
func seconds6(us int64) string { return strconv.FormatFloat(float64(us)/1e6, 'f', 6, 64) }

// ffmpeg runs it behind everything else and follows its progress. length in seconds.
func ffmpeg(ctx context.Context, args []string, length float64, progress func(float64)) error {
	cmd := exec.CommandContext(ctx, "nice", append([]string{"-n", "19", "ffmpeg"}, args...)...)
	var said strings.Builder
	cmd.Stderr = &limited{&said, 4096}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("playback: ffmpeg: %w", err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		us, ok := strings.CutPrefix(lines.Text(), "out_time_us=")
		if n, err := strconv.ParseInt(us, 10, 64); ok && err == nil && progress != nil && length > 0 {
			progress(min(1, max(0, float64(n)/1e6/length)))
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("playback: ffmpeg: %w: %s", err, said.String())
	}
	return nil
}

// limited keeps the beginning of what is written.
type limited struct {
	w    *strings.Builder
	left int
}

// Write implements io.Writer.
func (l *limited) Write(b []byte) (int, error) {
	n := min(len(b), l.left)
	l.left -= n
	_, _ = l.w.Write(b[:n]) // of a Builder
	return len(b), nil
}
