package excerpt

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/ledger"
)

// goal is what proves five minutes of two tracks at most, in bytes (archive.md, goal 4).
const goal = 20_000

// Five minutes of two tracks are proved by less than 20 KB, however many tracks lie between
// them: hashes, and the end line with the roots of all tracks. In `make long` there are 16.
func TestTheProofOfFiveMinutesIsSmall(t *testing.T) {
	all := []int{2}
	if os.Getenv("RAPID_CHECKS") != "" { // make long
		all = append(all, 4, 8)
	}
	for _, devices := range all {
		c := newCourt(t)
		part := c.sealed(t, hearing{devices: devices, seconds: 360})
		b, err := c.make(t, part, Asked{Kind: KindExcerpt, FromT: at(30), ToT: at(330), Tracks: []string{"t001", fmt.Sprintf("t%03d", devices*2)}})
		require.NoError(t, err)
		r := verify(b, c.options())
		require.Equal(t, 0, r.ExitCode())
		lines := takeApart(t, b).files[linesName]
		end := lines[bytes.LastIndexByte(lines[:len(lines)-1], '\n')+1:]
		t.Logf("two of %d tracks: %d bytes of hashes and an end line of %d for %d lines", devices*2, r.Proof, len(end), r.Shown)
		require.Less(t, r.Proof+int64(len(end)), int64(goal))
	}
}

// The same of four hours of 16 tracks, wherever the five minutes lie: by the number of
// lines, for hashes do not tell one hearing from another.
func TestTheProofOfFiveMinutesOfALongHearingIsSmall(t *testing.T) {
	const (
		track   = 4*3600 + 600 // a line a second, and gaps
		stretch = 5*60 + 20
		log     = 16*track + 4*3600
		strands = 16*2 + 1
		line    = 110 // bytes of a strand in the end line
	)
	worst := func(lines, shown uint64) (most int) {
		for from := uint64(1); from+shown < lines; from++ {
			most = max(most, ledger.CoverSize(0, from)+ledger.CoverSize(from+shown, lines))
		}
		return most
	}
	// Of each track: its opening, the stretch, and as many loose packets; of the log: its
	// first line, the last key and the end.
	hashes := 2*(2*worst(track, stretch)+1) + worst(log, 1) + worst(log, 60)
	size := 32*hashes + strands*line
	t.Logf("at most %d hashes: %d bytes with the end line", hashes, size)
	require.Less(t, size, goal)
}
