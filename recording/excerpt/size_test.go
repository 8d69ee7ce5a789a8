package excerpt

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Five minutes of two tracks of a hearing of four are proved by less than 20 KB; with more
// tracks between them it is more (-v tells), and docs/archive-format.md says so.
func TestTheProofOfFiveMinutesIsSmall(t *testing.T) {
	sizes := map[int]int64{2: 20_000}
	if os.Getenv("RAPID_CHECKS") != "" { // make long
		sizes[4], sizes[8] = 30_000, 40_000
	}
	for devices, most := range sizes {
		c := newCourt(t)
		part := c.sealed(t, hearing{devices: devices, seconds: 360})
		b, err := c.make(t, part, Asked{Kind: KindExcerpt, FromT: at(30), ToT: at(330), Tracks: []string{"t001", fmt.Sprintf("t%03d", devices*2)}})
		require.NoError(t, err)
		r := verify(b, c.options())
		require.Equal(t, 0, r.ExitCode())
		require.Less(t, r.Proof, most)
		t.Logf("two of %d tracks: proof of %d bytes for %d lines", devices*2, r.Proof, r.Shown)
	}
}
