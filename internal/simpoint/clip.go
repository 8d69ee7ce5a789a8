package simpoint

import (
	"bytes"
	_ "embed" // the media stand in the binary
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
)

// The committed media (media/generate.sh makes them).
var (
	//go:embed media/speech.ogg
	speechFile []byte
	//go:embed media/picture0.ivf
	picture0 []byte
	//go:embed media/picture1.ivf
	picture1 []byte
	//go:embed media/picture2.ivf
	picture2 []byte
)

// opusFrame is the length of a packet of the speech (generate.sh).
const opusFrame = 20 * time.Millisecond

// clip is a recording that is played over and over.
type clip struct {
	frames [][]byte
	period time.Duration // from frame to frame
}

// speech reads the spoken sentence, a packet a frame.
func speech() (clip, error) {
	r, _, err := oggreader.NewWith(bytes.NewReader(speechFile))
	if err != nil {
		return clip{}, fmt.Errorf("simpoint: speech: %w", err)
	}
	c := clip{period: opusFrame}
	for {
		packet, head, err := r.ParseNextPage()
		if errors.Is(err, io.EOF) {
			return c, nil
		}
		if err != nil {
			return clip{}, fmt.Errorf("simpoint: speech: %w", err)
		}
		if _, isHeader := head.HeaderType(packet); !isHeader && len(packet) > 0 {
			c.frames = append(c.frames, packet)
		}
	}
}

// picture reads one of the moving pictures; any variant is some picture.
func picture(variant int) (clip, error) {
	files := [][]byte{picture0, picture1, picture2}
	r, head, err := ivfreader.NewWith(bytes.NewReader(files[uint(variant)%uint(len(files))]))
	if err != nil {
		return clip{}, fmt.Errorf("simpoint: picture: %w", err)
	}
	second := time.Second * time.Duration(head.TimebaseNumerator)
	c := clip{period: second / time.Duration(head.TimebaseDenominator)}
	for {
		frame, _, err := r.ParseNextFrame()
		if errors.Is(err, io.EOF) {
			return c, nil
		}
		if err != nil {
			return clip{}, fmt.Errorf("simpoint: picture: %w", err)
		}
		c.frames = append(c.frames, frame)
	}
}

// keyframe tells whether a VP8 frame needs no other (RFC 6386 section 9.1: the
// lowest bit of the first byte is 0).
func keyframe(frame []byte) bool { return len(frame) > 0 && frame[0]&1 == 0 }

// nextKeyframe is the place of the first keyframe from i on, around the end.
func (c clip) nextKeyframe(i int) int {
	for n := range c.frames {
		if j := (i + n) % len(c.frames); keyframe(c.frames[j]) {
			return j
		}
	}
	return i
}
