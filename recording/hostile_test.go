package recording

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"phientoa/internal/ledger"
)

// hostile is a log of n lines of one kind that somebody made up; nothing in it is
// signed, and a verifier reads all of it before it can know.
func hostile(kind ledger.Kind, n int, members func(i int) string) fstest.MapFS {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"i":%d,"t":1,"mono_ns":1,"k":"%s",%s,"salt":"%032x","prev":"%064x"}`+"\n", i, kind, members(i), i, i)
	}
	return fstest.MapFS{ledger.LogName: {Data: b.Bytes()}, ledger.CheckpointsName: {Data: nil}}
}

// What a verifier keeps of a log does not grow with what the log says.
func TestAHostileLogDoesNotFillTheMemory(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	for what, log := range map[string]fstest.MapFS{
		"gaps":       hostile(ledger.KindGap, maxGaps+1000, func(int) string { return `"track":"t001","cause":"loss"` }),
		"tracks":     hostile(ledger.KindTrackOpen, 50_000, func(i int) string { return fmt.Sprintf(`"track":"t%d","codec":"opus"`, i) }),
		"files":      hostile(ledger.KindTrackClose, 50_000, func(i int) string { return fmt.Sprintf(`"track":"t001","file":"f%d"`, i) }),
		"put aside":  hostile(ledger.KindRecovered, 50_000, func(i int) string { return fmt.Sprintf(`"torn_file":"torn/%d"`, i) }),
		"long names": hostile(ledger.KindGap, 300, func(i int) string { return fmt.Sprintf(`"track":"%d%s","cause":%q`, i, long, long) }),
		"long files": hostile(ledger.KindSeg, 300, func(i int) string { return fmt.Sprintf(`"track":"t001","file":"%d%s","offset":-1`, i, long) }),
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		r, err := VerifyDir(context.Background(), log, Options{})
		require.NoError(t, err, what)
		runtime.GC()
		runtime.ReadMemStats(&after)
		require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(24<<20), what)
		require.Equal(t, 1, r.ExitCode(), what)
		raw, err := json.Marshal(r)
		require.NoError(t, err)
		require.Less(t, len(raw), 24<<20, what)
		runtime.KeepAlive(log)
		switch what {
		case "gaps":
			require.Len(t, r.Gaps, maxGaps)
			require.Equal(t, 1000, r.MoreGaps)
			require.Contains(t, r.Text("vi"), "và 1000 khoảng trống khác")
		case "tracks":
			require.Len(t, r.Tracks, maxNames)
			require.True(t, r.More)
		case "long names":
			require.Empty(t, r.Gaps)
		}
	}
}
