package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/hearing"
	"phientoa/recording"
)

// What is left is what is free on the disk, by the rates of all that is open on it.
func TestRecordingLeftIsSharedByWhatIsOpen(t *testing.T) {
	dir := t.TempDir()
	devices := func(id hearing.ID, n int) hearing.Booking {
		b := hearing.Booking{Hearing: id}
		for range n {
			b.Devices = append(b.Devices, hearing.Device{ID: "d", Kind: hearing.DeskClient})
		}
		return b
	}
	eight := devices("a", 8)
	require.Equal(t, int64(8*(cameraRate+microphoneRate)/8), rateOf(eight))
	r := &recorder{dir: filepath.Join(dir, "evidence"), second: filepath.Join(dir, "second")}
	free, err := recording.Free(dir)
	require.NoError(t, err)
	alone, ok := r.Left(t.Context(), eight)
	require.True(t, ok)
	want := float64(free) / float64(rateOf(eight)) / 60
	require.InEpsilon(t, want, alone, 0.1, "the second directory is on the same disk and adds nothing")
	r.rates.add(devices("b", 8))
	r.rates.add(eight)
	shared, ok := r.Left(t.Context(), eight)
	require.True(t, ok)
	require.InEpsilon(t, want/2, shared, 0.1)
	r.rates.drop("b")
	again, ok := r.Left(t.Context(), eight)
	require.True(t, ok)
	require.InEpsilon(t, want, again, 0.1)
	r.asking.Store(1)
	_, ok = r.Left(t.Context(), eight)
	require.False(t, ok, "a disk that does not answer is asked once")
}
