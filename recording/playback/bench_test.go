package playback

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"phientoa/internal/asic"
)

// BenchmarkReadFourHours reads the index of four hours of 16 tracks.
func BenchmarkReadFourHours(b *testing.B) {
	const tracks, segments = 16, 7200
	var log strings.Builder
	n := 0
	line := func(format string, args ...any) {
		fmt.Fprintf(&log, `{"i":%d,"t":%d,"mono_ns":0,`, n, 1_000_000+n)
		fmt.Fprintf(&log, format, args...)
		log.WriteString(`,"salt":"00000000000000000000000000000000","prev":"0000000000000000000000000000000000000000000000000000000000000000"}` + "\n")
		n++
	}
	line(`"k":"genesis","hearing":"h","part":1,"session":{}`)
	for t := range tracks {
		line(`"k":"track-open","track":"t%03d","source":{"device":"d%d","kind":"cam"},"codec":"vp8","clock_rate":90000`, t+1, t/2)
	}
	for s := range segments {
		for t := range tracks {
			init := ""
			if s == 0 {
				init = `"init":1,`
			}
			line(`"k":"seg","track":"t%03[1]d","file":"media/t%03[1]d-1.webm","codec":"vp8","offset":%[2]d,"length":2,"sha256":"0000000000000000000000000000000000000000000000000000000000000000",%[3]s"from_ms":%[4]d,"to_ms":%[5]d,"from_ns":0,"to_ns":0,"from_t":%[6]d,"to_t":0,"frames":50,"keys":1,"ssrcs":[{"ssrc":1,"first_seq":1,"last_seq":2,"first_ts":%[7]d,"last_ts":2,"packets":90}],"sr":[{"ssrc":1,"ntp_s":%[8]d,"ntp_f":0,"rtp":%[7]d,"at_ns":1}]`,
				t+1, 2*s, init, s*2000, s*2000+1960, 1_000_000+s*2_000_000, uint32(s*180000), 3_900_000_000+2*s)
		}
	}
	var m memory
	w, err := asic.NewWriter(&m)
	if err != nil {
		b.Fatal(err)
	}
	add := func(name, text string) {
		if _, err := w.Add(name, int64(len(text)), strings.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
	add("log.jsonl", log.String())
	for t := range tracks {
		add(fmt.Sprintf("media/t%03d-1.webm", t+1), strings.Repeat("x", 2*segments))
	}
	if _, err := w.Close(); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(log.Len()))
	b.ReportAllocs()
	for b.Loop() {
		x, err := Read(bytes.NewReader(m.b), int64(len(m.b)))
		if err != nil || x.Skipped > 0 || len(x.Tracks) != tracks {
			b.Fatal(err, x)
		}
	}
}
