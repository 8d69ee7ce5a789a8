package signaling

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// hungEvidence takes no document and heeds no context until it is let go.
type hungEvidence struct {
	Evidence
	begun, letGo chan struct{}
}

func (h hungEvidence) Exhibit(context.Context, Exhibited) error {
	close(h.begun)
	<-h.letGo
	return nil
}

// A document that a disk holds up does not hold up the end of the hearing.
func TestAHungDocumentDoesNotHoldUpTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ev := hungEvidence{begun: make(chan struct{}), letGo: make(chan struct{})}
		c := newExhibitCopier(nil, "h", ev, Limits{}.withDefaults(), slog.New(slog.DiscardHandler))
		c.want = []Exhibited{{No: 1}}
		running, stop := context.WithCancel(context.Background())
		go c.run(running)
		<-ev.begun
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		ended, whole := make(chan struct{}), true
		go func() { whole = c.end(ctx); close(ended) }()
		<-ctx.Done()
		synctest.Wait()
		select {
		case <-ended:
		default:
			require.Fail(t, "the end waits for the disk")
		}
		require.False(t, whole)
		stop()
		close(ev.letGo)
	})
}
