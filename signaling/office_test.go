package signaling

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/wire"
)

// fakeOffice keeps what rooms tell the office, with faults on demand.
type fakeOffice struct {
	mu     sync.Mutex
	infos  []store.HearingInfo
	alarms []store.Alarm
	away   bool
	gate   chan struct{} // writes wait here when not nil
	tries  int
}

func (f *fakeOffice) wait(ctx context.Context) error {
	f.mu.Lock()
	gate := f.gate
	f.tries++
	f.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return store.ErrUnavailable
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away {
		return store.ErrUnavailable
	}
	return nil
}

func (f *fakeOffice) PutHearingInfo(ctx context.Context, _ court.Scope, i store.HearingInfo) error {
	if err := f.wait(ctx); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.infos = append(f.infos, i)
	return nil
}

func (f *fakeOffice) PutAlarm(ctx context.Context, a store.Alarm) error {
	if err := f.wait(ctx); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, old := range f.alarms {
		if old.ID == a.ID {
			return store.ErrConflict
		}
	}
	f.alarms = append(f.alarms, a)
	return nil
}

func (f *fakeOffice) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeOffice) statuses() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, i := range f.infos {
		out = append(out, i.Status)
	}
	return out
}

func (f *fakeOffice) kinds() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, a := range f.alarms {
		out = append(out, a.Kind)
	}
	return out
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	require.Eventually(t, f, 20*time.Second, 2*time.Millisecond, what)
}

func last(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}

func TestTheCalendarFollowsAndNeverHoldsUpTheRoom(t *testing.T) {
	f := &fakeOffice{}
	w := newWorld(t, func(p *RoomsParams) { p.Info = f; p.Limits.RetryEvery = time.Millisecond })
	j, _ := w.session()
	eventually(t, "in session", func() bool { return last(f.statuses()) == string(hearing.InSession) })
	gate := make(chan struct{})
	f.set(func() { f.gate = gate })
	for range 5 { // the calendar hangs; the room goes on
		j.must(cmdRecess)
		j.must(cmdResume)
	}
	j.must(cmdRecess)
	before := len(f.statuses())
	f.set(func() { f.gate, f.away = nil, true })
	close(gate)
	tries := 0
	f.set(func() { tries = f.tries })
	eventually(t, "tried again", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.tries > tries+2
	})
	f.set(func() { f.away = false })
	eventually(t, "recess", func() bool { return last(f.statuses()) == string(hearing.InRecess) })
	require.LessOrEqual(t, len(f.statuses()), before+2, "what was passed over is not written one by one")
	j.must(cmdClose)
	w.close() // whatever still waits is written at the end
	require.Equal(t, string(hearing.Closed), last(f.statuses()))
}

func TestInfoIsTheBookingAndTheState(t *testing.T) {
	s := &hearing.State{
		Booking: hearing.Booking{
			Hearing: "h", Reference: "e-1", Procedure: court.Criminal, Instance: "appeal", Form: hearing.Mixed, Minutes: 90,
			Points: []hearing.Point{{ID: "P0", Name: "Trụ sở", Kind: hearing.CentralPoint, Unit: "u"}},
		},
		Status: hearing.InSession, Phase: court.Debate, Visibility: hearing.ClosedDoors,
	}
	require.Equal(t, store.HearingInfo{
		Hearing: "h", EFileCode: "e-1", Procedure: "criminal", Instance: "appeal", Form: "mixed", Status: "in_session",
		Phase: "debate", Closed: true, Minutes: 90, Updated: 7,
		Points: []store.InfoPoint{{ID: "P0", Name: "Trụ sở", Kind: "central", Unit: "u"}},
	}, infoOf(s, time.UnixMicro(7)))
}

// The calendar's row says from when to when a hearing was held: not before it was opened,
// through recess and hold, until it was suspended or over.
func TestTheRowSaysWhenAHearingWasHeld(t *testing.T) {
	for status, ended := range map[hearing.Status]int64{
		hearing.InSession: 0, hearing.InRecess: 0, hearing.TechnicalHold: 0, hearing.Preparing: 0,
		hearing.Suspended: 5, hearing.Adjourned: 5, hearing.Closed: 5,
	} {
		row := infoOf(&hearing.State{Status: status, OpenedAt: 3, Since: 5}, time.UnixMicro(7))
		require.Equal(t, [2]int64{3, ended}, [2]int64{row.OpenedAt, row.EndedAt}, status)
		row = infoOf(&hearing.State{Status: status, Since: 5}, time.UnixMicro(7))
		require.Equal(t, [2]int64{}, [2]int64{row.OpenedAt, row.EndedAt}, "%s, never opened", status)
	}
}

func TestRecorderTroubleRaisesOneAlarm(t *testing.T) {
	f, ev := &fakeOffice{}, &fakeEvidence{}
	w := newWorld(t, func(p *RoomsParams) { p.Alarms, p.Recorder = f, ev })
	j, _ := w.session()
	require.Empty(t, f.kinds())
	for range 3 {
		ev.notify.Recording(false, "disk-full")
		j.must(cmdRecess)
		j.must(cmdResume)
	}
	eventually(t, "alarm", func() bool { return len(f.kinds()) > 0 })
	ev.notify.Recording(true, "")
	eventually(t, "mended", func() bool { l := w.rooms.Live(); return len(l) == 1 && l[0].Trouble == "" })
	ev.notify.Recording(false, "slow-disk")
	eventually(t, "another", func() bool { return len(f.kinds()) == 2 })
	require.Equal(t, []string{"recorder", "recorder"}, f.kinds())
	require.Equal(t, "disk-full", f.alarms[0].Detail)
	require.Equal(t, court.UnitID("u-1"), f.alarms[0].Unit)
	require.Equal(t, testHearing, f.alarms[0].Hearing)
}

func TestAlarmsWaitForTheDatabaseWithinABound(t *testing.T) {
	f := &fakeOffice{away: true}
	lim := Limits{Alarms: 2, RetryEvery: time.Millisecond}.withDefaults()
	a := newAlarmer(f, store.Hearing{ID: "h", Unit: "u"}, lim, time.Now, discard())
	for range 5 {
		a.raise(alarmLost, "p", "d", "")
	}
	require.Len(t, a.mail, 2, "the newest are dropped")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); a.run(ctx) }()
	eventually(t, "tried", func() bool { f.mu.Lock(); defer f.mu.Unlock(); return f.tries > 3 })
	f.set(func() { f.away = false })
	eventually(t, "written", func() bool { return len(f.kinds()) == 2 })
	cancel()
	<-done
	require.True(t, a.put(t.Context(), f.alarms[0]), "a repeated one is written")
	require.Len(t, cutText(strings.Repeat("ế", 300), maxAlarmDetail), 498)
}

func TestHelpIsAnAlarm(t *testing.T) {
	f := &fakeOffice{}
	w := newWorld(t, func(p *RoomsParams) { p.Alarms = f })
	call := func(cookie, body string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.http.URL+"/api/help", strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		if cookie != "" {
			r.Header.Set("Cookie", "s="+cookie)
		}
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	require.Equal(t, http.StatusUnauthorized, call("", `{}`))
	require.Equal(t, http.StatusNoContent, call(party, `{"text":"  không   nghe được "}`))
	require.Equal(t, "không nghe được", f.alarms[0].Detail)
	require.Equal(t, party, f.alarms[0].Person)
	require.Equal(t, device(party), f.alarms[0].Device)
	require.Equal(t, alarmHelp, f.alarms[0].Kind)
	require.Equal(t, court.UnitID("u-1"), f.alarms[0].Unit)
	require.Equal(t, http.StatusNoContent, call(party, `{"text":"`+strings.Repeat("ế", 200)+`"}`))
	require.Equal(t, http.StatusBadRequest, call(party, `{"text":"`+strings.Repeat("ế", 201)+`"}`))
	require.Equal(t, http.StatusBadRequest, call(party, `{"text":"a\u0007"}`))
	require.Equal(t, http.StatusBadRequest, call(party, `{"text":"a","text":"b"}`), "a key given twice")
	require.Equal(t, http.StatusBadRequest, call(party, `{"who":"x"}`))
	for range 4 {
		require.Equal(t, http.StatusNoContent, call(party, `{}`))
	}
	require.Equal(t, http.StatusTooManyRequests, call(party, `{}`), "the seventh of a minute")
	require.Equal(t, http.StatusNoContent, call(judge, `{}`), "another seat")
	f.set(func() { f.away = true })
	require.Equal(t, http.StatusServiceUnavailable, call(judge, `{}`))
	require.Equal(t, http.StatusNotFound, helpWithout(t))
}

// The number is told before anybody has signed in, and where no alarms are kept.
func TestEverybodyIsToldTheNumberToCall(t *testing.T) {
	for _, number := range []string{"", "0236 382 1234"} {
		w := newWorld(t, nil)
		w.srv.p.HelpPhone = number
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.http.URL+"/api/help", nil)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		var got map[string]string
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&got))
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.Equal(t, map[string]string{"phone": number}, got)
	}
}

// helpWithout is the answer where no alarms are kept.
func helpWithout(t *testing.T) int {
	t.Helper()
	w := newWorld(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.http.URL+"/api/help", strings.NewReader(`{}`))
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.True(t, errors.Is(w.rooms.Help(t.Context(), sessionOf(party), ""), store.ErrNotFound))
	return resp.StatusCode
}

func TestHelpThrottleForgetsAndIsBounded(t *testing.T) {
	th, now := newThrottle(), time.Now()
	seat := func(i int) store.Session { return store.Session{Hearing: "h", Device: strings.Repeat("d", i+1)} }
	for i := range maxThrottled {
		require.True(t, th.allow(store.Session{Hearing: "h", Device: string(rune('a' + i))}, now))
	}
	require.False(t, th.allow(seat(1), now), "too many seats call at once")
	require.True(t, th.allow(seat(1), now.Add(time.Minute)))
	require.Len(t, th.buckets, 1)
}

func TestLiveAsksNoActor(t *testing.T) {
	w := newWorld(t, nil)
	require.Empty(t, w.rooms.Live())
	j, _ := w.session()
	room := w.rooms.at(testHearing)
	busy, release := make(chan struct{}), make(chan struct{})
	go func() { _ = room.post(context.Background(), func() { close(busy); <-release }) }()
	<-busy // the actor is held up
	list := w.rooms.Live()
	close(release)
	require.Len(t, list, 1)
	l := list[0]
	require.Equal(t, hearing.InSession, l.Status)
	require.Equal(t, testHearing, l.ID)
	require.Equal(t, court.UnitID("u-1"), l.Unit)
	require.Equal(t, 2, l.Connected)
	require.Equal(t, 4, l.Expected)
	require.False(t, l.Recording)
	require.True(t, w.rooms.Hosts(testHearing))
	j.must(cmdClose)
	eventually(t, "over", func() bool { return len(w.rooms.Live()) == 0 })
}

func TestAlertsAreFewAndTheGravest(t *testing.T) {
	b := newBench(t, Limits{})
	defer b.rooms.Close()
	b.inSession()
	now := time.Now()
	hv := hearing.View{
		Late: true, Trouble: "disk-full", Acts: []string{"keep_going"},
		Hold: &hearing.HoldView{Proposed: true, Since: 5},
		Points: []hearing.PointView{
			{Point: hearing.Point{ID: "1", Name: "Trại tạm giam"}, Light: lightLost, LostSince: 3},
			{Point: hearing.Point{ID: "2", Name: "Trụ sở"}, Light: "ok"},
		},
	}
	codes := func(p string, v hearing.View) (list []string) {
		done := make(chan struct{})
		require.NoError(t, b.room.post(t.Context(), func() {
			defer close(done)
			for _, a := range b.room.alertsFor(v, &seat{person: hearing.PersonID(p)}, now) {
				list = append(list, a.Code+":"+a.Act)
				require.NotEmpty(t, a.Vi)
				require.NotEmpty(t, a.En)
				if p == party {
					require.NotContains(t, a.Vi, "Trại", "who and where is the court's")
				}
			}
		}))
		<-done
		return list
	}
	require.Equal(t, []string{"recorder_disk-full:", "hold_proposed:keep_going", "point_lost:"}, codes(judge, hv))
	hv.Trouble, hv.Late, hv.Acts = "", false, nil
	require.Equal(t, []string{"hold_proposed:", "point_lost:"}, codes(clerk, hv), "no act that one may not give")
	require.Equal(t, []string{"technical:"}, codes(party, hv))
	hv.Hold, hv.Points[0].Light = nil, "ok"
	require.Empty(t, codes(party, hv))
	require.Empty(t, codes(judge, hv))
	nobody := func(hearing.PersonID) bool { return false }
	lost := hearing.View{Points: []hearing.PointView{{Point: hearing.Point{ID: "1"}, Light: lightLost}}}
	done := make(chan struct{})
	require.NoError(t, b.room.post(t.Context(), func() {
		defer close(done)
		b.room.points.note(lost, now, nobody)
		b.room.points.note(hv, now, nobody)
	}))
	<-done
	require.Equal(t, []string{"point_back:"}, codes(judge, hv))
	memory := newPointMemory()
	memory.note(lost, now, nobody)
	memory.note(hv, now, nobody)
	dropped, next := memory.forget(now.Add(time.Second), 10*time.Second)
	require.False(t, dropped)
	require.Equal(t, now.Add(10*time.Second), next)
	dropped, next = memory.forget(now.Add(10*time.Second), 10*time.Second)
	require.True(t, dropped)
	require.True(t, next.IsZero())
}

// TestReportedTestsAreBounded: a seat cannot fill the queue of enlargements, the log
// and the operators' list; its other acts, other seats and later reports go on.
func TestReportedTestsAreBounded(t *testing.T) {
	f := &fakeOffice{}
	st := openStore(t)
	b := wireBooking()
	row := store.Hearing{ID: testHearing, Room: testRoom, Unit: b.Unit, DocketNo: b.DocketNo, Title: b.Title, StartsAt: b.StartsAt}
	require.NoError(t, BookHearing(context.Background(), st, "booker", row, nil, b, time.Now()))
	w := startWorld(t, st, func(p *RoomsParams) { p.Alarms = f })
	report := &wire.Command{Act: &wire.Command_ReportTest{ReportTest: &wire.ReportTest{
		Items: []*wire.TestItem{{Key: "camera"}},
	}}}
	p := w.enter(plaintiff)
	p.must(cmdCheckIn)
	for range seatPerMinute {
		p.must(report)
	}
	r := p.do(report)
	require.False(t, r.Accepted)
	require.Equal(t, "too_fast", r.Refusal.Code)
	require.NotEmpty(t, r.Refusal.Vi)
	p.hangUp()
	p = w.enter(plaintiff)
	require.Equal(t, "too_fast", p.do(report).Refusal.GetCode(), "a new connection is no new seat")
	w.enter(lawyer).must(report)
	reports := 0
	for _, l := range logLines(t, st) {
		if strings.Contains(string(l.Line), "test.reported") {
			reports++
		}
	}
	require.Equal(t, seatPerMinute+1, reports, "in the log")
	require.Eventually(t, func() bool { return len(f.kinds()) == seatPerMinute+1 }, 20*time.Second, time.Millisecond)
}

// What the disks still take is measured when the room opens, and alarms once.
func TestALowDiskReachesRulesAndOperators(t *testing.T) {
	f, ev := &fakeOffice{}, &fakeEvidence{left: 29}
	w := newWorld(t, func(p *RoomsParams) { p.Alarms, p.Recorder = f, ev })
	w.session()
	eventually(t, "alarm", func() bool { return len(f.kinds()) == 1 })
	require.Equal(t, hearing.TroubleDiskLow, f.alarms[0].Detail)
	eventually(t, "told", func() bool {
		l := w.rooms.Live()
		return len(l) == 1 && l[0].Trouble == hearing.TroubleDiskLow && l[0].Recording
	})
}
