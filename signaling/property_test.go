package signaling

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

// Whatever is commanded in whatever order, while the database comes and goes and
// loses answers: the log has no hole, replaying it gives the actor's state, every
// acknowledged event stands at its place, and at every moment no microphone is
// open that the log's end state or the moment's state would not open.
func TestRandomCommandsAndOutagesKeepTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(inBubble{t}, func(rt *rapid.T) {
			b := newBench(t, Limits{})
			defer b.rooms.Close()
			defer b.st.set(func(f *fakeStore) { f.away = false })
			b.inSession()
			b.sit(accused)
			var answers []<-chan reply
			people := rapid.SampledFrom([]string{judge, clerk, party, accused})
			for range rapid.IntRange(1, 40).Draw(rt, "steps") {
				target := hearing.PersonID(people.Draw(rt, "target"))
				cmds := []hearing.Command{
					hearing.GiveFloor{Person: target},
					hearing.StopFloor{Person: target},
					hearing.MuteLock{Person: target},
					hearing.Unlock{Person: target},
					hearing.Admit{Person: target},
					hearing.Remove{Person: target, Reason: "x"},
					hearing.CheckIn{RulesAccepted: true},
					hearing.RaiseHand{},
					hearing.Recess{Reason: "x"},
					hearing.Resume{},
				}
				switch rapid.IntRange(0, 9).Draw(rt, "what") {
				case 0:
					b.st.set(func(f *fakeStore) { f.away = !f.away })
				case 1:
					b.st.set(func(f *fakeStore) { f.lose = true })
				case 2:
					pass(time.Duration(rapid.IntRange(1, 3000).Draw(rt, "ms")) * time.Millisecond)
				case 3:
					synctest.Wait()
					for _, p := range []string{party, accused} {
						if b.media.hears(p) {
							require.True(t, opens(hearing.Routes(b.room.tip), p), "open against the log")
							require.True(t, opens(hearing.Routes(b.room.eff), p), "open before it is durable")
						}
					}
				default:
					answers = append(answers, b.give(people.Draw(rt, "actor"), rapid.SampledFrom(cmds).Draw(rt, "command")))
				}
			}
			b.st.set(func(f *fakeStore) { f.away, f.lose = false, false })
			pass(10 * time.Second)
			synctest.Wait()
			s := b.replayed()
			require.True(t, s.Equal(b.room.tip), "replay gives the actor's state")
			require.True(t, s.Equal(b.room.eff), "everything has its effect in the end")
			for _, a := range answers {
				r := <-a
				require.LessOrEqual(t, r.seq, s.Seq)
			}
		})
	})
}

// inBubble hides testing.T's Deadline, which a bubble forbids to ask for.
type inBubble struct{ rapid.TB }

func opens(rt hearing.Routing, person string) bool {
	for _, g := range rt.Grants {
		if g.Source.Device == hearing.DeviceID(device(person)) && g.Source.Kind == hearing.Mic {
			return true
		}
	}
	return false
}

// A client that breaks off anywhere and resumes sees every answer exactly once
// and the latest view, or is told to start anew; memory stays bounded.
func TestRingGivesEveryAnswerOnceOrSaysSo(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lim := Limits{RingMessages: 8, UnsentMessages: 6}.withDefaults()
		s, err := newSeat(judge, "d", lim, nil)
		require.NoError(t, err)
		l := &link{wake: make(chan struct{}, 1)}
		s.attach(l, 0, "vi")
		seen, sent := map[string]int{}, 0
		var last, viewSeen, viewSent uint64
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			switch rapid.IntRange(0, 5).Draw(rt, "what") {
			case 0, 1:
				sent++
				s.send(commandResult(fmt.Sprint(sent), &wire.CommandResult{Accepted: true}))
			case 2:
				viewSent++
				s.send(&wire.Envelope{Body: &wire.Envelope_View{View: &wire.View{StateSeq: viewSent}}})
			case 3:
				envs, bye, closed := s.next(l)
				for _, e := range envs {
					require.Greater(t, e.Seq, last)
					last = e.Seq
					if e.Id != "" {
						seen[e.Id]++
					}
					if v := e.GetView(); v != nil {
						viewSeen = v.StateSeq
					}
				}
				if closed {
					require.Equal(t, "too_slow", bye.Reason.Code)
					require.True(t, bye.Retry)
					s.detach(l)
				}
			case 4:
				s.ack(last)
			case 5:
				s.detach(l)
				l = &link{wake: make(chan struct{}, 1)}
				if !s.canResume(s.token, last) {
					return // a fresh view: another session
				}
				s.attach(l, last, "vi")
			}
			require.LessOrEqual(t, len(s.ring), lim.RingMessages)
		}
		s.detach(l)
		if !s.canResume(s.token, last) {
			return
		}
		l = &link{wake: make(chan struct{}, 1)}
		s.attach(l, last, "vi")
		envs, _, _ := s.next(l)
		for _, e := range envs {
			if e.Id != "" {
				seen[e.Id]++
			}
			if v := e.GetView(); v != nil {
				viewSeen = v.StateSeq
			}
		}
		require.Equal(t, viewSent, viewSeen, "the latest view")
		require.Len(t, seen, sent)
		for id, n := range seen {
			require.Equal(t, 1, n, id)
		}
		total := 0
		for _, e := range s.ring {
			total += proto.Size(e.env)
		}
		require.Equal(t, total, s.bytes)
	})
}
