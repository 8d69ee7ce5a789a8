package signaling

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/hearing"
)

// shutRecorder is a recorder whose files can be read and not opened: a full
// disk, a silent signer.
type shutRecorder struct {
	*fakeEvidence
	heldErr error
}

func (shutRecorder) Open(context.Context, EvidenceParams) (Evidence, error) {
	return nil, errors.New("no space left on device")
}

func (r shutRecorder) Held(ctx context.Context, _ hearing.ID) ([][]byte, error) {
	if r.heldErr != nil {
		return nil, r.heldErr
	}
	return r.Uncommitted(ctx)
}

// outage holds a lock and a removal of the party in the evidence log alone,
// then loses the process.
func outage(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, Limits{AppendTimeout: 50 * time.Millisecond, CloseWait: 50 * time.Millisecond, RetryEvery: 20 * time.Millisecond})
	b.inSession()
	b.st.set(func(f *fakeStore) { f.away = true })
	b.must(judge, hearing.MuteLock{Person: party})
	b.must(judge, hearing.Remove{Person: party, Reason: "gây rối"})
	b.rooms.Close() // the database is still away: nothing is written any more
	b.st.set(func(f *fakeStore) { f.away, f.until = false, time.Time{} })
	return b
}

func (b *bench) reopen(rec Recorder, node string) (*Room, *hearing.Refusal) {
	b.rooms = NewRooms(RoomsParams{Store: b.st, Media: b.media, Recorder: rec, Node: node, Limits: b.lim, Logger: discard()})
	b.t.Cleanup(b.rooms.Close)
	return b.rooms.Open(context.Background(), testHearing)
}

func statusOf(s *hearing.State, p hearing.PersonID) hearing.PersonStatus {
	for _, x := range s.People {
		if x.ID == p {
			return x.Status
		}
	}
	return ""
}

func TestRemovalOutlivesAnEvidenceLogThatDoesNotOpen(t *testing.T) {
	b := outage(t)
	_, ref := b.reopen(shutRecorder{fakeEvidence: b.ev}, "n1")
	require.Nil(t, ref)
	require.Equal(t, hearing.Removed, statusOf(b.replayed(), party))
	b.rooms.Close()

	_, ref = b.reopen(b.ev, "n1")
	require.Nil(t, ref, "the evidence log opens again")
	require.Equal(t, hearing.Removed, statusOf(b.replayed(), party))
	held, err := b.ev.Uncommitted(context.Background())
	require.NoError(t, err)
	require.Empty(t, held, "and is told that they are committed")
}

func TestNobodyEntersWhileHeldEventsCannotBeRead(t *testing.T) {
	b := outage(t)
	before := len(b.st.log())
	_, ref := b.reopen(shutRecorder{b.ev, errors.New("input/output error")}, "n1")
	require.NotNil(t, ref)
	require.Equal(t, "held_unreadable", ref.Code)
	require.True(t, retryable(ref.Code))
	require.Len(t, b.st.log(), before, "nothing took their places")
	_, ref = b.reopen(b.ev, "n1")
	require.Nil(t, ref)
	require.Equal(t, hearing.Removed, statusOf(b.replayed(), party))
}

// What was decided on top of an overtaken event is never appended behind it.
func TestNothingBehindAnOvertakenEventIsCarried(t *testing.T) {
	b := outage(t)
	held, err := b.ev.Uncommitted(context.Background())
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(held), 2)
	_, ref := b.reopen(nil, "n2") // its take-over stands where the lock would
	require.Nil(t, ref)
	b.rooms.Close()
	room, ref := b.reopen(b.ev, "n1")
	require.Nil(t, ref)
	for _, line := range b.st.log() {
		for _, h := range held {
			require.NotEqual(t, string(h), string(line))
		}
	}
	b.room = room
	alerted := func(p string) bool {
		for _, a := range lastView(b.sit(p)).Alerts {
			if a.Code == "orders_overtaken" {
				return true
			}
		}
		return false
	}
	require.True(t, alerted(judge))
	require.False(t, alerted(party))
}

// A line that does not apply never becomes durable.
func TestAHeldLineThatDoesNotApplyIsNotAppended(t *testing.T) {
	b := newBench(t, Limits{})
	b.inSession()
	b.rooms.Close()
	s := b.replayed()
	line, err := hearing.MarshalEvent(hearing.Event{
		Seq: s.Seq + 1, At: time.Now().UnixMicro(), Actor: hearing.Actor{System: true},
		Body: hearing.Booked{Booking: testBooking()},
	})
	require.NoError(t, err)
	_, err = hearing.Apply(s, mustParse(t, line))
	require.Error(t, err, "the test needs a line that does not apply")
	require.NoError(t, b.ev.Event(context.Background(), s.Seq+1, line, false, true))
	_, ref := b.reopen(b.ev, "n1")
	require.NotNil(t, ref)
	require.Equal(t, "held_unreadable", ref.Code)
	require.Equal(t, s.Seq, b.replayed().Seq)
}

func mustParse(t *testing.T, line []byte) hearing.Event {
	t.Helper()
	e, err := hearing.ParseEvent(line)
	require.NoError(t, err)
	return e
}
