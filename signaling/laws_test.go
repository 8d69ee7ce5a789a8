package signaling

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

// in runs a law in a bubble with its own clock.
func in(t *testing.T, lim Limits, law func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, lim)
		defer func() {
			b.st.set(func(f *fakeStore) { f.gate, f.away = nil, false })
			b.rooms.Close()
		}()
		law(b)
	})
}

// pass lets the bubble's own clock go on; no real time passes.
func pass(d time.Duration) { <-time.After(d) }

func TestEnlargementTakesEffectOnlyWhenDurable(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		b.inSession()
		gate := make(chan struct{})
		b.st.set(func(f *fakeStore) { f.gate = gate })
		answer := b.give(judge, hearing.GiveFloor{Person: party})
		synctest.Wait()
		require.False(t, b.media.hears(party), "the log does not have it yet")
		require.Empty(t, answer)
		b.st.set(func(f *fakeStore) { f.gate = nil })
		close(gate)
		require.Nil(t, (<-answer).refusal)
		require.True(t, b.media.hears(party))
	})
}

func TestRestrictionTakesEffectBeforeTheLog(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		b.inSession()
		b.must(judge, hearing.GiveFloor{Person: party})
		require.True(t, b.media.hears(party))
		gate := make(chan struct{})
		b.st.set(func(f *fakeStore) { f.gate = gate })
		answer := b.give(judge, hearing.MuteLock{Person: party})
		synctest.Wait()
		require.False(t, b.media.hears(party))
		require.Empty(t, answer, "acknowledged only when durable")
		b.st.set(func(f *fakeStore) { f.gate = nil })
		close(gate)
		require.Nil(t, (<-answer).refusal)
	})
}

func TestRestrictionOvertakesAPendingEnlargementAndStays(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		b.inSession()
		j := b.sit(judge)
		gate := make(chan struct{})
		b.st.set(func(f *fakeStore) { f.gate = gate })
		floor := b.give(judge, hearing.GiveFloor{Person: party})
		lock := b.give(judge, hearing.MuteLock{Person: party})
		second := b.give(judge, hearing.Admit{Person: accused})
		synctest.Wait()
		require.False(t, b.media.hears(party))
		require.True(t, personIn(lastView(j), party).Locked, "everybody sees the lock at once")
		require.Empty(t, lastView(j).Floor, "and not yet the floor")
		b.st.set(func(f *fakeStore) { f.gate = nil })
		close(gate)
		require.Nil(t, (<-floor).refusal)
		require.Nil(t, (<-lock).refusal)
		require.NotNil(t, (<-second).refusal, "decided after both, on the state they left")
		require.False(t, b.media.hears(party), "the lock stands when the floor becomes durable")
		s := b.replayed()
		require.Equal(t, hearing.PersonID(party), s.Floor)
		require.Equal(t, hearing.Routes(s), hearing.Routes(b.room.tip))
	})
}

// The database is away for 60 s: media go on, restrictions work, enlargements
// are refused with a sentence, nothing acknowledged is lost, doubled or moved.
func TestDatabaseAwayForAMinute(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		b.inSession()
		j := b.sit(judge)
		b.must(judge, hearing.GiveFloor{Person: party})
		b.st.set(func(f *fakeStore) { f.away = true })
		before := len(b.st.log())
		lock := b.must(judge, hearing.MuteLock{Person: party})
		require.False(t, b.media.hears(party))
		require.Equal(t, uint64(before)+1, lock.seq)
		held := b.ev.all()[len(b.ev.all())-1]
		require.False(t, held.committed)
		require.True(t, held.durable)
		synctest.Wait()
		require.True(t, lastView(j).Degraded)
		b.refused(judge, hearing.Unlock{Person: party}, "database_away")
		b.must(judge, hearing.Remove{Person: party, Reason: "gây rối"})
		b.refused(judge, hearing.Admit{Person: party}, "database_away")
		pass(60 * time.Second)
		require.False(t, b.media.isClosed(), "media go on")
		require.Len(t, b.st.log(), before)
		b.st.set(func(f *fakeStore) { f.away = false })
		pass(10 * time.Second) // the writer tries every second, the lease every five
		synctest.Wait()
		require.GreaterOrEqual(t, len(b.st.log()), before+2)
		var seen []string
		for _, n := range b.ev.all() {
			if !n.committed {
				seen = append(seen, n.line)
			}
		}
		for i, line := range seen {
			require.Equal(t, line, string(b.st.log()[before+i]), "same bytes, same place")
		}
		un, err := b.ev.Uncommitted(context.Background())
		require.NoError(t, err)
		require.Empty(t, un, "each was confirmed")
		require.False(t, lastView(j).Degraded)
		require.True(t, b.replayed().Equal(b.room.tip))
		b.must(judge, hearing.Admit{Person: party})
	})
}

func TestConnectionsDuringAnOutageAreKept(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		b.inSession()
		b.st.set(func(f *fakeStore) { f.away = true })
		b.must(judge, hearing.MuteLock{Person: party})
		b.sit(clerk) // arrives while the database is away
		synctest.Wait()
		b.st.set(func(f *fakeStore) { f.away = false })
		pass(10 * time.Second)
		synctest.Wait()
		for _, d := range b.replayed().Devices {
			if d.ID == hearing.DeviceID(device(clerk)) {
				require.True(t, d.Connected)
			}
		}
	})
}

// The answer to an append is lost with the database: nobody knows whether it is
// written. The command is neither refused for good nor done twice.
func TestLostAnswerOfAnEnlargement(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		b.inSession()
		b.st.set(func(f *fakeStore) { f.lose = true })
		b.refused(judge, hearing.GiveFloor{Person: party}, "database_uncertain")
		require.False(t, b.media.hears(party))
		b.must(judge, hearing.MuteLock{Person: party}) // stands behind it in the log
		b.st.set(func(f *fakeStore) { f.away = false })
		pass(10 * time.Second)
		synctest.Wait()
		s := b.replayed()
		require.Equal(t, hearing.PersonID(party), s.Floor)
		require.False(t, b.media.hears(party), "the lock given meanwhile holds")
		require.True(t, s.Equal(b.room.tip))
	})
}

func TestKilledDuringAnOutageNothingAcknowledgedIsLost(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		b.inSession()
		b.must(judge, hearing.GiveFloor{Person: party})
		b.st.set(func(f *fakeStore) { f.away = true })
		b.must(judge, hearing.MuteLock{Person: party})
		b.rooms.Close() // the database never hears of it from this process
		b.st.set(func(f *fakeStore) { f.away = false })
		b.open()
		require.False(t, b.media.hears(party))
		synctest.Wait()
		require.True(t, b.replayed().Equal(b.room.tip))
		un, err := b.ev.Uncommitted(context.Background())
		require.NoError(t, err)
		require.Empty(t, un)
	})
}

func TestMediaEndWhenTheLeaseIsLongLost(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		b.inSession()
		b.st.set(func(f *fakeStore) { f.away = true })
		pass(70 * time.Second)
		synctest.Wait()
		require.False(t, b.media.isClosed())
		pass(15 * time.Second)
		<-b.room.Done()
		require.True(t, b.media.isClosed())
		_, ref := b.rooms.Open(context.Background(), testHearing)
		require.Equal(t, "database_away", ref.Code)
	})
}

func TestFencedNodeStopsAtOnce(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		b.inSession()
		b.st.set(func(f *fakeStore) { f.epoch++; f.node = "n2"; f.until = time.Now().Add(time.Hour) })
		before := len(b.st.log())
		_ = b.give(judge, hearing.GiveFloor{Person: party})
		<-b.room.Done()
		require.True(t, b.media.isClosed())
		require.False(t, b.media.hears(party))
		require.Len(t, b.st.log(), before)
	})
}

func TestFullMailboxRefusesEnlargementsAndTakesRestrictions(t *testing.T) {
	in(t, Limits{Mailbox: 8, MailboxReserve: 4}, func(b *bench) {
		b.inSession()
		hold, held := make(chan struct{}), make(chan struct{})
		require.NoError(t, b.room.post(context.Background(), func() { close(held); <-hold }))
		<-held
		var floors []<-chan reply
		for range 6 {
			floors = append(floors, b.give(judge, hearing.GiveFloor{Person: party}))
		}
		lock := b.give(judge, hearing.MuteLock{Person: party})
		for _, f := range floors[4:] {
			require.Equal(t, "busy", (<-f).refusal.Code)
		}
		close(hold)
		require.Nil(t, (<-lock).refusal)
		require.False(t, b.media.hears(party))
	})
}

func TestUnloggedRestrictionIsInForceAndSaysSo(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		b.inSession()
		b.must(judge, hearing.GiveFloor{Person: party})
		b.st.set(func(f *fakeStore) { f.away = true })
		b.ev.mu.Lock()
		b.ev.broken = true
		b.ev.mu.Unlock()
		b.refused(judge, hearing.MuteLock{Person: party}, "in_effect_unlogged")
		require.False(t, b.media.hears(party))
	})
}

func TestPresenceIsDebounced(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		b.inSession()
		j := b.sit(clerk)
		synctest.Wait()
		n := len(b.st.log())
		b.room.leave(j.place, j.link)
		pass(time.Second)
		j = b.sit(clerk)
		pass(5 * time.Second)
		synctest.Wait()
		require.Len(t, b.st.log(), n, "back within two seconds: never lost")
		b.room.leave(j.place, j.link)
		pass(3 * time.Second)
		synctest.Wait()
		require.Len(t, b.st.log(), n+1)
	})
}

func TestSeatOutlivesItsConnectionForTheWindow(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		b.inSession()
		j := b.sit(clerk)
		tok := j.place.seat.token
		again := func() joined {
			j, ref := b.room.join(context.Background(), joining{
				person: clerk, device: hearing.DeviceID(device(clerk)), token: tok, silence: never, free: always,
			})
			require.Nil(t, ref)
			return j
		}
		b.room.leave(j.place, j.link)
		pass(119 * time.Second)
		j = again()
		require.True(t, j.resumed)
		b.room.leave(j.place, j.link)
		pass(121 * time.Second)
		j = again()
		require.False(t, j.resumed)
		require.NotNil(t, lastView(j))
	})
}

func TestNothingOfTheCourtroomWaitsForARemovedPerson(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		b.inSession()
		j := b.sit(party)
		j.place.seat.send(&wire.Envelope{Id: "m", Body: &wire.Envelope_MediaAnswer{MediaAnswer: &wire.MediaAnswer{
			Sections: []*wire.Section{{Mid: "1", Device: device(judge)}},
		}}})
		b.must(judge, hearing.Remove{Person: party, Reason: "gây rối"})
		synctest.Wait()
		for _, e := range j.place.seat.ring {
			require.Nil(t, e.env.GetMediaAnswer())
			if v := e.env.GetView(); v != nil {
				require.Len(t, v.People, 1)
			}
		}
	})
}

func TestClosedHearingEndsItsEvidence(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		b.inSession()
		b.must(judge, hearing.Close{})
		synctest.Wait()
		require.True(t, b.ev.ended)
		last := b.ev.all()[len(b.ev.all())-1]
		e, err := hearing.ParseEvent([]byte(last.line))
		require.NoError(t, err)
		require.Equal(t, "hearing.closed", e.Body.Kind())
	})
}

func TestCheckpointsAreAnchoredSeldom(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		b.inSession()
		root := "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
		for i := range 60 {
			b.ev.notify.Checkpoint(uint64(i)+1, root, []byte("note"))
			pass(time.Second)
		}
		synctest.Wait()
		anchors := 0
		for _, line := range b.st.log() {
			e, err := hearing.ParseEvent(line)
			require.NoError(t, err)
			if e.Body.Kind() == "evidence.anchored" {
				anchors++
			}
		}
		require.InDelta(t, 6, anchors, 1)
		require.Equal(t, 60, b.st.notes)
	})
}
