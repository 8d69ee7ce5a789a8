package excerpt

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/recording/archive"
)

// office makes Jobs over one part; gate, when not nil, holds every opening up until it is
// closed.
func (c *court) jobs(t *testing.T, dir string, part []byte, gate chan struct{}, free int64) *Jobs {
	j, err := NewJobs(JobsParams{
		Dir: dir, Signer: c.sealer, Now: time.Now, Rand: rand.Reader, Logger: slog.New(slog.DiscardHandler),
		Free: func(string) (int64, error) { return free, nil },
		Open: func(hearing string, number int) (io.ReaderAt, int64, io.Closer, [sha256.Size]byte, error) {
			if gate != nil {
				<-gate
			}
			if hearing != "h-1" {
				return nil, 0, nil, [sha256.Size]byte{}, errors.New("no such part")
			}
			return bytes.NewReader(part), int64(len(part)), io.NopCloser(nil), sha256.Sum256(part), nil
		},
	})
	require.NoError(t, err)
	return j
}

func (j *Jobs) stateOf(hearing, id string) string {
	for _, one := range j.List(hearing, 1, "a") {
		if one.ID == id {
			return one.State
		}
	}
	return ""
}

// Jobs are made one after the other, belong to who asked, survive the process, expire
// after a week, and go with the part.
func TestJobsAreMadeKeptAndForgotten(t *testing.T) {
	c := newCourt(t)
	part := c.sealed(t, hearing{devices: 1, seconds: 10})
	ask := Asked{Kind: KindExcerpt, FromT: at(1), ToT: at(5), Tracks: []string{"t002"}, Reason: "vì", By: "ai"}
	dir := filepath.Join(t.TempDir(), "excerpts")
	synctest.Test(t, func(t *testing.T) {
		j := c.jobs(t, dir, part, nil, 1<<50)
		first, err := j.Ask("h-1", 1, "a", ask)
		require.NoError(t, err)
		_, err = j.Ask("h-1", 1, "a", Asked{Kind: "x"})
		require.ErrorIs(t, err, ErrAsked)
		for range MaxOwned - 1 {
			_, err = j.Ask("other", 1, "a", ask)
			require.NoError(t, err)
		}
		_, err = j.Ask("h-1", 1, "a", ask)
		require.ErrorIs(t, err, ErrFull, "others have their turn")
		for i := range MaxWaiting - MaxOwned {
			_, err = j.Ask("other", 1, fmt.Sprint("b", i/MaxOwned), ask)
			require.NoError(t, err)
		}
		_, err = j.Ask("h-1", 1, "c", ask)
		require.ErrorIs(t, err, ErrFull)

		// The process ends; another goes on with what waited.
		j = c.jobs(t, dir, part, nil, 1<<50)
		require.Equal(t, StateWaiting, j.stateOf("h-1", first.ID))
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { defer close(ended); j.Run(ctx) }()
		synctest.Wait()
		require.Equal(t, StateReady, j.stateOf("h-1", first.ID))
		require.Equal(t, StateFailed, j.List("other", 1, "a")[0].State)
		one, f, err := j.Open("h-1", 1, "a", first.ID)
		require.NoError(t, err)
		raw, err := io.ReadAll(f)
		require.NoError(t, errors.Join(err, f.Close()))
		require.Equal(t, int64(len(raw)), one.Size)
		require.Equal(t, 3, verify(raw, courtless()).ExitCode())
		for _, who := range [][2]string{{"h-1", "b"}, {"other", "a"}} {
			_, _, err = j.Open(who[0], 1, who[1], first.ID)
			require.ErrorIs(t, err, fs.ErrNotExist)
		}
		_, _, err = j.Open("h-1", 2, "a", first.ID)
		require.ErrorIs(t, err, fs.ErrNotExist)

		empty := ask
		empty.Tracks = []string{"t009"}
		none, err := j.Ask("h-1", 1, "a", empty)
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, StateEmpty, j.stateOf("h-1", none.ID))

		time.Sleep(Keep + 2*tidyEvery) //nolint:forbidigo // the clock of the bubble
		synctest.Wait()
		require.Empty(t, j.List("h-1", 1, "a"))
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left)

		again, err := j.Ask("h-1", 1, "a", ask)
		require.NoError(t, err)
		synctest.Wait()
		require.FileExists(t, j.path(again.ID, archive.Ext))
		require.NoError(t, j.Forget("h-1", 1))
		require.NoFileExists(t, j.path(again.ID, archive.Ext))
		cancel()
		<-ended
	})
}

// What is being made when the part is disposed of is stopped, and gone the next time.
func TestForgettingStopsWhatIsBeingMade(t *testing.T) {
	c := newCourt(t)
	part := c.sealed(t, hearing{devices: 1, seconds: 10})
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		j := c.jobs(t, dir, part, gate, 1<<50)
		one, err := j.Ask("h-1", 1, "a", Asked{Kind: KindRedacted, Cuts: []Cut{{FromT: at(1), ToT: at(2)}}, Reason: "vì", By: "ai"})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { defer close(ended); j.Run(ctx) }()
		synctest.Wait()
		require.Equal(t, StateRunning, j.stateOf("h-1", one.ID))
		require.ErrorIs(t, j.Forget("h-1", 1), ErrMaking)
		close(gate)
		synctest.Wait()
		require.NoError(t, j.Forget("h-1", 1))
		cancel()
		<-ended
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left)
	})
}

// The disk is kept for recordings.
func TestNothingIsMadeWithoutRoom(t *testing.T) {
	c := newCourt(t)
	part := c.sealed(t, hearing{devices: 1, seconds: 10})
	synctest.Test(t, func(t *testing.T) {
		j := c.jobs(t, t.TempDir(), part, nil, reserve)
		one, err := j.Ask("h-1", 1, "a", Asked{Kind: KindExcerpt, FromT: at(1), ToT: at(5), Tracks: []string{"t002"}, Reason: "vì", By: "ai"})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { defer close(ended); j.Run(ctx) }()
		synctest.Wait()
		require.Equal(t, StateNoRoom, j.stateOf("h-1", one.ID))
		cancel()
		<-ended
	})
}

// However many ask, a sealed part is read no faster than the rate: recordings on the same
// disk come first.
func TestJobsAreMadeAtARate(t *testing.T) {
	c := newCourt(t)
	part := c.sealed(t, hearing{devices: 1, seconds: 10})
	ask := Asked{Kind: KindExcerpt, FromT: at(1), ToT: at(5), Tracks: []string{"t002"}, Reason: "vì", By: "ai"}
	took := func(perSecond int) (d time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			j, err := NewJobs(JobsParams{
				Dir: filepath.Join(t.TempDir(), "excerpts"), Signer: c.sealer, Now: time.Now, Rand: rand.Reader, Logger: slog.New(slog.DiscardHandler),
				Free: func(string) (int64, error) { return 1 << 50, nil }, Rate: perSecond,
				Open: func(string, int) (io.ReaderAt, int64, io.Closer, [sha256.Size]byte, error) {
					return bytes.NewReader(part), int64(len(part)), io.NopCloser(nil), sha256.Sum256(part), nil
				},
			})
			require.NoError(t, err)
			// The limiter begins with what it lets through at once.
			require.NoError(t, j.pace.Limit.WaitN(t.Context(), j.pace.Limit.Burst()))
			one, err := j.Ask("h-1", 1, "a", ask)
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan struct{})
			go func() { defer close(ended); j.Run(ctx) }()
			for j.stateOf("h-1", one.ID) != StateReady {
				time.Sleep(time.Second) //nolint:forbidigo // the clock of the bubble
			}
			d = j.List("h-1", 1, "a")[0].Done.Sub(one.At)
			cancel()
			<-ended
		})
		return d
	}
	require.Zero(t, took(0))
	const slow = 1 << 10
	require.GreaterOrEqual(t, took(slow), time.Duration(len(part)/2/slow)*time.Second, "half of the part at least is read")
}
