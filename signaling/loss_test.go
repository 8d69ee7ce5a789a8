package signaling

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/wire"
	"phientoa/sfu"
)

// lossBench is a civil hearing in the debate, over fakes, in a bubble of time.
func lossBench(t *testing.T, f *fakeOffice, do func(b *bench, seats map[string]joined)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t, st: &fakeStore{}, ev: &fakeEvidence{}, media: &fakeMedia{}}
		booking := wireBooking()
		booking.StartsAt = time.Now().Add(time.Hour).UnixMicro()
		row := store.Hearing{ID: testHearing, Room: testRoom, Unit: "u-1"}
		require.NoError(t, BookHearing(context.Background(), b.st, "booker", row, nil, booking, time.Now()))
		b.rooms = NewRooms(RoomsParams{
			Store: b.st, Media: b.media, Recorder: b.ev, Node: "n1", Logger: discard(), Alarms: f,
		})
		defer func() { b.rooms.Close() }()
		var ref *hearing.Refusal
		b.room, ref = b.rooms.Open(context.Background(), testHearing)
		require.Nil(t, ref)
		seats := map[string]joined{}
		for _, p := range []string{judge, clerk, assessor, plaintiff, lawyer, respondent, officer} {
			seats[p] = b.sit(p)
			b.must(p, hearing.CheckIn{RulesAccepted: true})
		}
		for _, p := range []hearing.PersonID{assessor, plaintiff, lawyer, respondent, officer} {
			b.must(judge, hearing.Admit{Person: p})
		}
		b.must(judge, hearing.Open{})
		do(b, seats)
	})
}

func alertCodes(v *wire.View) (list []string) {
	for _, a := range v.Alerts {
		list = append(list, a.Code+":"+a.Act)
	}
	return list
}

// TestJ5_1WithTheOfficersOwnLink: a point whose officer is still connected has lost
// its party all the same; who leads reads it before the hold is proposed.
func TestJ5_1WithTheOfficersOwnLink(t *testing.T) {
	lossBench(t, &fakeOffice{}, func(b *bench, seats map[string]joined) {
		require.NotContains(t, alertCodes(lastView(seats[judge])), "point_partial:")
		b.room.leave(seats[respondent].place, seats[respondent].link)
		pass(2500 * time.Millisecond)
		require.Contains(t, alertCodes(lastView(seats[judge])), "point_partial:")
		require.Contains(t, alertCodes(lastView(seats[clerk])), "point_partial:")
		// Everybody else in the courtroom reads one sentence that names neither who nor where.
		for _, p := range []string{plaintiff, lawyer, officer} {
			require.Equal(t, []string{"technical:"}, alertCodes(lastView(seats[p])), p)
			require.NotContains(t, lastView(seats[p]).Alerts[0].String(), "Điểm cầu 1")
			require.Empty(t, lastView(seats[p]).Alerts[0].Point, p)
			require.False(t, slices.ContainsFunc(lastView(seats[p]).People, (*wire.PersonView).GetWaited), p)
		}
		// Whoever stands at the point is asked to call; nobody else has to.
		require.NotContains(t, lastView(seats[officer]).Alerts[0].Vi, "không cần gọi")
		require.Contains(t, lastView(seats[lawyer]).Alerts[0].Vi, "không cần gọi")
		// The court reads of whom and of which point, in words and as data.
		for _, p := range []string{judge, clerk} {
			v := lastView(seats[p])
			i := slices.IndexFunc(v.Alerts, func(a *wire.Alert) bool { return a.Code == "point_partial" })
			j := slices.IndexFunc(v.People, (*wire.PersonView).GetWaited)
			require.Equal(t, respondent, v.People[j].Person)
			require.Equal(t, v.People[j].PointId, v.Alerts[i].Point)
		}

		seats[respondent] = b.sit(respondent)
		pass(time.Second)
		require.NotContains(t, alertCodes(lastView(seats[judge])), "point_partial:")
		require.Empty(t, alertCodes(lastView(seats[lawyer])))

		// Somebody without whom the hearing goes on is no trouble of everybody.
		b.room.leave(seats[officer].place, seats[officer].link)
		pass(2500 * time.Millisecond)
		require.Empty(t, alertCodes(lastView(seats[lawyer])))
	})
}

// TestJ5_1AndJ5_2ALostPoint: who leads reads which point is lost and may decide to
// go on; the parties read a neutral sentence; the operators get one task.
func TestJ5_1AndJ5_2ALostPoint(t *testing.T) {
	f := &fakeOffice{}
	lossBench(t, f, func(b *bench, seats map[string]joined) {
		for _, p := range []string{respondent, officer} { // all of P1
			b.room.leave(seats[p].place, seats[p].link)
		}
		pass(2500 * time.Millisecond)
		require.Contains(t, alertCodes(lastView(seats[judge])), "point_lost:")
		require.Contains(t, alertCodes(lastView(seats[clerk])), "point_lost:")
		require.Equal(t, []string{"technical:"}, alertCodes(lastView(seats[plaintiff])))
		require.NotContains(t, lastView(seats[plaintiff]).String(), "Điểm cầu 1 mất kết nối")
		require.Empty(t, f.kinds())
		pass(time.Second)
		require.Equal(t, []string{alarmLost}, f.kinds(), "3 s after the line broke")
		require.Equal(t, respondent, f.alarms[0].Person)
		pass(14 * time.Second)
		require.Contains(t, alertCodes(lastView(seats[judge])), "hold_proposed:keep_going")
		require.True(t, slices.ContainsFunc(alertCodes(lastView(seats[clerk])), func(c string) bool { return c == "hold_proposed:" || c == "hold_proposed:keep_going" }))
		require.Equal(t, []string{"technical:"}, alertCodes(lastView(seats[plaintiff])))
		pass(11 * time.Second)
		require.Equal(t, hearing.TechnicalHold, b.room.Status())
		require.True(t, slices.ContainsFunc(lastView(seats[judge]).Alerts, func(a *wire.Alert) bool { return a.Code == "hold" }))
		require.Len(t, f.kinds(), 1, "one task, however long")

		seats[respondent] = b.sit(respondent)
		pass(4 * time.Second)
		require.Contains(t, alertCodes(lastView(seats[judge])), "point_back:")
		pass(10 * time.Second)
		require.NotContains(t, alertCodes(lastView(seats[judge])), "point_back:")
		for _, j := range seats {
			require.LessOrEqual(t, len(lastView(j).GetAlerts()), maxAlerts)
		}
	})
}

// TestAFailedTestIsATask of the operators; a passed one is none.
func TestAFailedTestIsATask(t *testing.T) {
	f := &fakeOffice{}
	lossBench(t, f, func(b *bench, _ map[string]joined) {
		items := []hearing.TestItem{{Key: "camera", OK: true}, {Key: "microphone", OK: true}}
		b.must(plaintiff, hearing.ReportTest{Items: items})
		pass(time.Second)
		require.Empty(t, f.kinds())
		items[1].OK = false
		b.must(plaintiff, hearing.ReportTest{Items: items})
		pass(time.Second)
		require.Equal(t, []string{alarmTest}, f.kinds())
		require.Equal(t, "microphone", f.alarms[0].Detail)
		require.Equal(t, device(plaintiff), f.alarms[0].Device)
	})
}

// TestADeviceWhoseMediaFindNoWayIsATask once until they do, and one that never tried,
// came up in time or is not there is none.
func TestADeviceWhoseMediaFindNoWayIsATask(t *testing.T) {
	f := &fakeOffice{}
	lossBench(t, f, func(b *bench, seats map[string]joined) {
		offer := func(p, sdp string) sfu.PeerObserver {
			a, _ := seats[p].place.media.offer(context.Background(), &wire.MediaOffer{Sdp: sdp})
			require.Nil(t, a.Refusal)
			b.media.mu.Lock()
			defer b.media.mu.Unlock()
			return b.media.params[len(b.media.params)-1].Observer
		}
		offer(lawyer, "a").PeerState("", sfu.PeerConnected)
		seen := offer(plaintiff, "a")
		pass(15 * time.Second)
		seen.PeerState("", sfu.PeerClosed) // the client tries again with another PeerConnection
		seen = offer(plaintiff, "b")
		require.NotContains(t, f.kinds(), alarmBlocked)
		pass(10 * time.Second)
		require.Equal(t, []string{alarmBlocked}, f.kinds(), "20 s after its first offer")
		require.Equal(t, device(plaintiff), f.alarms[0].Device)
		pass(2 * time.Minute)
		require.Equal(t, []string{alarmBlocked}, f.kinds(), "one task, however long")

		seen.PeerState("", sfu.PeerConnected)
		seen.PeerState("", sfu.PeerClosed)
		pass(2 * time.Minute)
		require.Len(t, f.kinds(), 1, "it does not try")
		offer(plaintiff, "c")
		pass(30 * time.Second)
		require.Equal(t, []string{alarmBlocked, alarmBlocked}, f.kinds(), "another blockage is another task")
	})
}

// TestNothingOfTheCourtroomReachesAnIsolatedPerson: not by what is still to be
// delivered either, and what was said is not repeated on a resume.
func TestNothingOfTheCourtroomReachesAnIsolatedPerson(t *testing.T) {
	lossBench(t, &fakeOffice{}, func(b *bench, seats map[string]joined) {
		b.must(judge, hearing.GiveFloor{Person: lawyer})
		// Said in the courtroom, and not delivered yet.
		seats[plaintiff].place.seat.post(&wire.Envelope{Body: &wire.Envelope_Checkpoint{Checkpoint: &wire.Checkpoint{Note: "n"}}})
		b.must(judge, hearing.Isolate{Person: plaintiff})
		synctest.Wait()
		sub := seats[plaintiff].place.seat
		sub.mu.Lock()
		defer sub.mu.Unlock()
		views := 0
		for _, e := range sub.ring {
			v := e.env.GetView()
			if v == nil {
				continue
			}
			views++
			require.Equal(t, "isolation_room", v.Place)
			require.Empty(t, v.Floor)
			require.Empty(t, v.Title)
			require.Len(t, v.People, 1)
		}
		require.Equal(t, 1, views)
		require.Empty(t, sub.transient)
	})
}

// TestASuspendedHearingIsLetGoAndComesBack: nobody holds it for the days between
// its parts, and a starting node does not take it for one in progress.
func TestASuspendedHearingIsLetGoAndComesBack(t *testing.T) {
	lossBench(t, &fakeOffice{}, func(b *bench, seats map[string]joined) {
		b.must(judge, hearing.Suspend{Reason: "cần thêm tài liệu", ReopenAt: time.Now().Add(48 * time.Hour).UnixMicro()})
		require.False(t, b.ev.ended, "its evidence goes on in the next part")
		for _, j := range seats {
			b.room.leave(j.place, j.link)
		}
		pass(5 * time.Minute)
		select {
		case <-b.room.Done():
		default:
			t.Fatal("held although nobody is there")
		}
		o := &opening{rs: b.rooms, id: testHearing, logger: discard()}
		progress, err := b.rooms.inProgress(t.Context(), testHearing)
		require.NoError(t, err)
		require.False(t, progress)
		require.NoError(t, o.replay(t.Context()))
		require.Equal(t, hearing.Suspended, o.state.Status)
		room, ref := b.rooms.Open(t.Context(), testHearing)
		require.Nil(t, ref)
		b.room = room
		require.Equal(t, hearing.Suspended, room.Status())
		b.sit(clerk)
		b.must(clerk, hearing.Reopen{})
		require.Equal(t, hearing.Preparing, room.Status())
	})
}

// TestAnAdjournmentIsAnnouncedAfterItsEnd: the hearing is over, and the officers
// still say so at their points.
func TestAnAdjournmentIsAnnouncedAfterItsEnd(t *testing.T) {
	lossBench(t, &fakeOffice{}, func(b *bench, seats map[string]joined) {
		b.must(judge, hearing.Adjourn{Reason: "vắng mặt người làm chứng"})
		synctest.Wait()
		require.False(t, b.ev.over(), "the record waits for the announcement")
		require.False(t, b.rooms.Hosts(testHearing))
		b.refused(judge, hearing.Resume{}, "adjourned")
		b.must(officer, hearing.Announced{Point: "P1"})
		require.True(t, b.replayed().Points[1].Announced)
		require.Empty(t, hearing.Routes(b.replayed()).Grants)
		require.Equal(t, wire.HearingState_HEARING_STATE_ADJOURNED, lastView(seats[plaintiff]).State)
		b.requireWholeRecord()
	})
}

// requireWholeRecord: the evidence log has ended, and it holds every event of the
// state log, in order; behind its end stand anchors only.
func (b *bench) requireWholeRecord() {
	b.t.Helper()
	synctest.Wait()
	require.True(b.t, b.ev.over())
	var held []string
	for _, n := range b.ev.all() {
		if n.committed {
			held = append(held, n.line)
		}
	}
	var state []hearing.Event
	for i, line := range b.st.log() {
		e, err := hearing.ParseEvent(line)
		require.NoError(b.t, err)
		if s, err := hearing.Replay(state); err == nil && hearing.RecordComplete(s) {
			require.IsType(b.t, hearing.EvidenceAnchored{}, e.Body)
			continue
		}
		state = append(state, e)
		if i > 0 { // the booking is the genesis of the evidence
			require.Contains(b.t, held, string(line), "%s", e.Body.Kind())
		}
	}
	s, err := hearing.Replay(state)
	require.NoError(b.t, err)
	require.True(b.t, hearing.RecordComplete(s))
}

// TestTheEvidenceOfAnAdjournmentIsWhole: with the announcement, without one, across a
// restart between, and while the database is away.
func TestTheEvidenceOfAnAdjournmentIsWhole(t *testing.T) {
	adjourn := hearing.Adjourn{Reason: "vắng mặt người làm chứng"}
	missed := func(b *bench) bool { return b.replayed().Decision.Missed }
	for name, end := range map[string]func(t *testing.T, b *bench){
		"announced": func(t *testing.T, b *bench) {
			b.must(officer, hearing.Announced{Point: "P1"})
			require.False(t, missed(b))
		},
		"nobody announces": func(t *testing.T, b *bench) {
			pass(hearing.AnnounceWithin - time.Second)
			require.False(t, b.ev.over())
			pass(2 * time.Second)
			require.True(t, missed(b))
			b.refused(officer, hearing.Announced{Point: "P1"}, "announced_late")
		},
		"a restart, then announced": func(t *testing.T, b *bench) {
			b.restart()
			require.False(t, b.ev.over())
			b.sit(officer)
			b.must(officer, hearing.Announced{Point: "P1"})
		},
		"a restart, and nobody announces": func(t *testing.T, b *bench) {
			b.restart()
			pass(hearing.AnnounceWithin + time.Second)
			require.True(t, missed(b))
		},
		"the time ends while nothing runs": func(t *testing.T, b *bench) {
			b.rooms.Close()
			pass(hearing.AnnounceWithin + time.Second)
			require.False(t, b.ev.over())
			b.open()
			pass(time.Second)
			require.True(t, missed(b))
		},
		"the time ends while the database is away": func(t *testing.T, b *bench) {
			b.st.set(func(f *fakeStore) { f.away = true })
			pass(time.Minute / 2)
			b.refused(officer, hearing.Announced{Point: "P1"}, "database_away")
			b.st.set(func(f *fakeStore) { f.away = false })
			pass(hearing.AnnounceWithin)
			require.True(t, missed(b))
		},
	} {
		t.Run(name, func(t *testing.T) {
			lossBench(t, &fakeOffice{}, func(b *bench, _ map[string]joined) {
				b.must(judge, adjourn)
				end(t, b)
				b.requireWholeRecord()
				pass(time.Hour) // nothing comes behind it
				b.requireWholeRecord()
			})
		})
	}
}

// restart is another process on the same logs.
func (b *bench) restart() {
	b.t.Helper()
	b.rooms.Close()
	b.open()
}
