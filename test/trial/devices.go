package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// Tasks of the browsers' driver other than counting quality.
const (
	taskDelays = "delays" // a beep and a flash every two seconds: when each is out again
	taskPages  = "pages"  // a document's pages are turned
	taskWatch  = "watch"  // how long no sound comes, and when the judge reads that the party is lost
	taskAbuse  = "abuse"  // quality, while a guest misbehaves
)

// devices are the files that the fake microphone and camera play, "" for Chromium's own
// picture, and a document to show.
type devices struct{ sound, picture, pdf string }

// devices makes the files that the trial needs.
func (t trial) devices(ctx context.Context, dir string) (d devices, err error) {
	d.sound = filepath.Join(dir, "sound.wav")
	switch t.Task {
	case taskDelays:
		d.picture = filepath.Join(dir, "flash.y4m")
		return d, signals(ctx, d)
	case taskPages:
		d.pdf = filepath.Join(dir, "document.pdf")
		if err := document(d.pdf); err != nil {
			return d, err
		}
	}
	return d, speech(ctx, dir, d.sound)
}

// speech makes the sound that the fake microphones play: Vietnamese, 48 kHz.
func speech(ctx context.Context, dir, wav string) error {
	raw := filepath.Join(dir, "raw.wav")
	text := "Kính thưa Hội đồng xét xử, tôi xin trình bày toàn bộ sự việc xảy ra vào buổi sáng hôm đó. " +
		"Tôi đã có mặt tại nơi làm việc từ bảy giờ và không rời khỏi phòng cho đến trưa."
	return commands(ctx,
		[]string{"espeak-ng", "-v", "vi", "-s", "150", "-w", raw, text},
		[]string{"ffmpeg", "-v", "error", "-y", "-i", raw, "-ar", "48000", "-ac", "1", wav})
}

// signals makes two seconds of silence that begin with 100 ms of a rising tone, and of
// black that begin with 200 ms of white. Their loops are not in step: what is judged is
// held against when each left.
func signals(ctx context.Context, d devices) error {
	return commands(ctx,
		[]string{
			"ffmpeg", "-v", "error", "-y", "-f", "lavfi",
			"-i", "aevalsrc=if(lt(t\\,0.1)\\,0.7*sin(2*PI*(500+5000*t)*t)\\,0):s=48000:d=2", "-ac", "1", d.sound,
		},
		[]string{
			"ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "color=black:s=640x360:r=25:d=1.8",
			"-f", "lavfi", "-i", "color=white:s=640x360:r=25:d=0.2",
			"-filter_complex", "[1][0]concat=n=2", "-pix_fmt", "yuv420p", d.picture,
		})
}

func commands(ctx context.Context, list ...[]string) error {
	for _, c := range list {
		if out, err := exec.CommandContext(ctx, c[0], c[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", c[0], err, out)
		}
	}
	return nil
}
