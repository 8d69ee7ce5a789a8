package recording

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/ledger"
)

// What waits for the database is read without opening the log, also from a part
// that a damaged one is followed by, and is settled by its confirmation.
func TestHeldIsReadWithoutOpening(t *testing.T) {
	ctx := context.Background()
	o := newOpener(t, time.Now())
	dir := filepath.Join(o.params(&heard{}).Dir, o.params(&heard{}).Hearing)
	held, err := Held(dir)
	require.NoError(t, err)
	require.Empty(t, held, "no evidence yet")

	p, _ := o.open(nil)
	require.NoError(t, p.Event(ctx, 1, []byte(`{"a":1}`), true, true))
	require.NoError(t, p.Event(ctx, 2, []byte(`{"a":2}`), false, true))
	require.NoError(t, p.Event(ctx, 3, []byte(`{"a":3}`), false, true))
	held, err = Held(dir)
	require.NoError(t, err)
	require.Equal(t, []string{`{"a":2}`, `{"a":3}`}, texts(held))
	require.NoError(t, p.Event(ctx, 2, []byte(`{"a":2}`), true, true))
	require.NoError(t, p.Suspend(ctx))

	// A damaged line that is no event: the next part begins, and forgets nothing.
	name := filepath.Join(dir, PartDir(1), ledger.LogName)
	raw, err := os.ReadFile(name)
	require.NoError(t, err)
	raw[bytes.IndexByte(raw, '\n')+10] ^= 1
	require.NoError(t, os.WriteFile(name, raw, 0o600))
	p, _ = o.open(nil)
	require.Equal(t, 2, p.number)
	held, err = Held(dir)
	require.NoError(t, err)
	require.Equal(t, []string{`{"a":3}`}, texts(held))
	require.NoError(t, p.Event(ctx, 3, []byte(`{"a":3}`), true, true))
	require.NoError(t, p.Suspend(ctx))
	held, err = Held(dir)
	require.NoError(t, err)
	require.Empty(t, held)
}

func TestHeldRefusesWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	part := filepath.Join(dir, PartDir(1))
	require.NoError(t, os.Mkdir(part, 0o700))
	log := filepath.Join(part, ledger.LogName)
	require.NoError(t, os.WriteFile(log, []byte("{\"k\":\"event\",torn"), 0o600))
	_, err := Held(dir)
	require.NoError(t, err, "a torn last line was never acknowledged")
	require.NoError(t, os.WriteFile(log, []byte("{\"k\":\"event\",broken\n"), 0o600))
	_, err = Held(dir)
	require.Error(t, err)
	require.NoError(t, os.Remove(log))
	require.NoError(t, os.Mkdir(log, 0o700))
	_, err = Held(dir)
	require.Error(t, err, "input/output error")
}

func texts(lines [][]byte) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = string(l)
	}
	return out
}
