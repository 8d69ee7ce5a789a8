package recording

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A disk that hangs holds up the document for no longer than the caller waits, and the
// part on the second disk gets it.
func TestAHungDiskLetsTheDocumentGo(t *testing.T) {
	d := newTwoDisks(t, bubble)
	var gate atomic.Pointer[hang]
	how := &hang{media: true, log: true, write: true, sync: true}
	synctest.Test(t, func(t *testing.T) {
		how.open = make(chan struct{})
		s, _ := d.begin(func(p *Params) {
			inner := p.FS
			p.FS = func(dir string) (PartFS, error) {
				f, err := inner(dir)
				if filepath.Dir(filepath.Dir(dir)) == d.dir {
					f = &hanging{f, &gate}
				}
				return f, err
			}
		})
		s.latest().Tap().Opened(micInfo, time.Now())
		k := &talk{tap: s.latest().Tap()}
		k.talk(4 * time.Second)
		gate.Store(how)
		body, digest := bodyOf("%PDF-x")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		told := make(chan error, 1)
		go func() {
			told <- s.Exhibit(ctx, Exhibited{No: 1, Type: "application/pdf", SHA256: digest, Body: func(context.Context) ([]byte, error) { return body, nil }})
		}()
		for i := 0; s.Number() == 1 && i < 1000; i++ {
			k.talk(20 * time.Millisecond)
		}
		k.talk(60 * time.Second)
		select {
		case err := <-told:
			require.Error(t, err)
			require.NoError(t, s.Exhibit(context.Background(), Exhibited{No: 1, Type: "application/pdf", SHA256: digest, Body: func(context.Context) ([]byte, error) { return body, nil }}))
		default:
			require.Failf(t, "the caller still waits", "part %d records", s.Number())
		}
		gate.Store(nil)
		close(how.open)
		synctest.Wait()
		require.NoError(t, s.Close(context.Background()))
	})
}
