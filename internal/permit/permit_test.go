package permit

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever the pace of who reads: nothing is read on a word of a second ago or more,
// and what has ended stays so.
func TestNothingIsReadOnAnOldWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		holds, asked := true, 0
		r := Reader(t.Context(), strings.NewReader("0123456789"), func(context.Context) bool {
			asked++
			return holds
		})
		one := make([]byte, 1)
		pull := func() error {
			_, err := r.Read(one)
			return err
		}
		require.NoError(t, pull())
		require.Zero(t, asked, "it was asked for a moment ago")
		for range 3 {
			time.Sleep(Every) //nolint:forbidigo // the bubble's time
			require.NoError(t, pull())
			require.NoError(t, pull())
		}
		require.Equal(t, 3, asked)
		holds = false
		require.NoError(t, pull(), "within the second")
		time.Sleep(Every) //nolint:forbidigo // the bubble's time
		require.ErrorIs(t, pull(), ErrEnded)
		holds = true
		require.ErrorIs(t, pull(), ErrEnded)
		_, err := r.Seek(0, io.SeekStart)
		require.NoError(t, err)
		require.ErrorIs(t, pull(), ErrEnded)
	})
}

func TestWorkEndsWithItsPermission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Bool
		begun := time.Now()
		ctx, stop := Context(t.Context(), func(context.Context) bool { return !ended.Load() })
		defer stop()
		time.Sleep(10*time.Second + Every/2) //nolint:forbidigo // the bubble's time
		require.NoError(t, ctx.Err())
		ended.Store(true)
		<-ctx.Done()
		require.ErrorIs(t, context.Cause(ctx), ErrEnded)
		require.Equal(t, 11*time.Second, time.Since(begun))

		ctx, stop = Context(t.Context(), func(context.Context) bool { return false })
		stop()
		synctest.Wait()
		require.False(t, errors.Is(context.Cause(ctx), ErrEnded), "work that is done was not broken off")
	})
}
