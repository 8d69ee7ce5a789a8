package minutes_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/minutes"
)

// T7: a line never changes once it was made. Whoever read the hearing's log up to some
// event and then the items, some of which were written since, has a beginning of what
// everybody reads later, line by line and digest by digest.
func TestLinesOfABeginningAreTheBeginningOfTheLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		st := anyStory(t)
		items := anyItems(t, st.events)
		whole := made(t, st.events, items)
		read := rapid.IntRange(0, len(st.events)).Draw(t, "events read")
		// The items were read after the events: all that stand before the next event, and
		// any number of later ones.
		seen := 0
		for seen < len(items) && items[seen].Seq < uint64(read) {
			seen++
		}
		seen = rapid.IntRange(seen, len(items)).Draw(t, "items read")
		part := made(t, st.events[:read], items[:seen])
		n := len(part.Lines())
		require.LessOrEqual(t, n, len(whole.Lines()))
		if n > 0 {
			require.Equal(t, whole.Lines()[:n], part.Lines())
		}
		require.Equal(t, whole.Head(n), part.Head(n))
		for i, l := range whole.Lines() {
			require.Equal(t, i+1, l.N)
			require.NotEmpty(t, l.Text)
		}
	})
}

func TestReplayGivesTheSameLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		st := anyStory(t)
		items := anyItems(t, st.events)
		var events []hearing.Event
		for _, e := range st.events {
			text, err := hearing.MarshalEvent(e)
			require.NoError(t, err)
			again, err := hearing.ParseEvent(text)
			require.NoError(t, err)
			events = append(events, again)
		}
		var read []minutes.Item
		for _, i := range items {
			text, err := minutes.Marshal(i)
			require.NoError(t, err)
			again, err := minutes.Parse(text)
			require.NoError(t, err)
			read = append(read, again)
		}
		one, two := made(t, st.events, items), made(t, events, read)
		require.Equal(t, one.Lines(), two.Lines())
		require.Equal(t, one.Head(len(one.Lines())), two.Head(len(two.Lines())))
		require.Equal(t, one.State(), two.State())
		require.Equal(t, one.Incidents(), two.Incidents())
	})
}

// What any other line says changes every digest from there on.
func TestADigestHoldsAllLinesBeforeIt(t *testing.T) {
	st := newStory(t)
	st.come()
	item := func(text string) []minutes.Item {
		return []minutes.Item{{N: 1, Seq: st.events[3].Seq, At: 1, By: minutes.Writer{Person: "h2", Capacity: court.Clerk}, Body: minutes.Noted{Text: text}}}
	}
	one, two := made(t, st.events, item("Một.")), made(t, st.events, item("Hai."))
	require.Len(t, two.Lines(), len(one.Lines()))
	at := slices.IndexFunc(one.Lines(), func(l minutes.Line) bool { return l.Source == minutes.FromClerk })
	for n := range len(one.Lines()) + 1 {
		require.Equal(t, n <= at, one.Head(n) == two.Head(n), "line %d", n)
	}
}

// Nothing of a deliberation is told but its beginning and its end: no act of a member
// of the panel, nothing about one, and no lost link of theirs.
func TestDeliberationIsOnlyABeginningAndAnEnd(t *testing.T) {
	panel := []string{"Chủ tọa", "Hội thẩm", "Nguyễn Văn Ước", "Lê Thị Hạnh"}
	told := 0
	rapid.Check(t, func(t *rapid.T) {
		st := anyStory(t)
		within, ends := map[uint64]bool{}, map[uint64]bool{}
		var s *hearing.State
		for _, e := range st.events {
			before := s != nil && s.Deliberating
			next, err := hearing.Apply(s, e)
			require.NoError(t, err)
			within[e.Seq], ends[e.Seq] = before && next.Deliberating, before != next.Deliberating
			s = next
		}
		for _, l := range made(t, st.events, nil).Lines() {
			if within[l.Seq] {
				for _, word := range panel {
					require.NotContains(t, l.Text, word)
				}
			}
			if ends[l.Seq] {
				told++
			}
		}
	})
	require.NotZero(t, told, "no story had a deliberation")
}

// Amendments only append: what stood in proposed or final documents stands unchanged,
// and every final document begins behind the one before.
func TestDocumentsCoverTheLinesOnceAndInOrder(t *testing.T) {
	finals, amended := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		st := anyStory(t)
		st.now = st.now.Add(time.Minute)
		for _, c := range []hearing.Command{hearing.Resume{}, hearing.EndDeliberation{Phase: court.Pronouncement}, hearing.Close{}} {
			st.try("h0", c)
		}
		items := anyItems(t, st.events)
		m := made(t, st.events, items)
		next := 1
		for _, f := range m.State().Finals {
			require.Equal(t, next, f.Document.From)
			head := m.Head(f.Document.Lines)
			require.Equal(t, f.Document.Head, hexOf(head[:]))
			require.True(t, minutes.Complete(f.Signers))
			next = f.Document.Lines + 1
			finals++
		}
		if len(m.State().Finals) > 1 {
			amended++
		}
	})
	require.NotZero(t, finals)
	require.NotZero(t, amended)
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var s strings.Builder
	for _, x := range b {
		s.WriteByte(digits[x>>4])
		s.WriteByte(digits[x&15])
	}
	return s.String()
}

// Every kind of event that a hearing can have is told, or left out on purpose.
func TestEveryKindOfEventIsToldOrLeftOutOnPurpose(t *testing.T) {
	silent := []string{
		"hearing.booked", "test.reported", "hand.raised", "hand.lowered", "hearing.sit", "consult.requested",
		"identity_check.begun", "identity_check.ended",
		"link.settled", "device.connected", "device.lost", "evidence.anchored", "node.took", "recorder.reported",
	}
	happened, told := map[string]bool{}, map[string]bool{}
	for _, l := range made(t, scripted(t).events, nil).Lines() {
		told[l.Kind] = true
	}
	rapid.Check(t, func(t *rapid.T) {
		st := anyStory(t)
		for _, e := range st.events {
			happened[e.Body.Kind()] = true
		}
		for _, l := range made(t, st.events, nil).Lines() {
			told[l.Kind] = true
		}
	})
	for kind := range happened {
		if !told[kind] {
			require.Contains(t, silent, kind)
		}
	}
	require.Greater(t, len(told), 30, "the stories are too poor: %v", told)
}
