package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// RunOffice runs the suite of store.Office; open is as of Run.
func RunOffice(t *testing.T, open func(t *testing.T) Opened) {
	for _, c := range []struct {
		name string
		law  func(*testing.T, *fixture)
	}{
		{"InfoIsKeptAndNeverOlder", infoKept},
		{"HearingsAreFoundByStatus", hearingsInAStatus},
		{"ForeignOfficeRowsLookMissing", foreignOffice},
		{"DocketFindsTheLatest", docketFindsLatest},
		{"SearchIsBlindToDiacritics", searchFolds},
		{"SearchTakesSignsLiterally", searchLiteral},
		{"SearchIsBounded", searchBounded},
		{"SeatsArePutAndTakenAway", seatsPut},
		{"SeatsByTime", seatsByTime},
		{"AlarmsAreTakenOnce", alarmsTakenOnce},
		{"AlarmsOfTheNodeAreEverybodys", alarmsOfTheNode},
		{"AlarmsLatestFirst", alarmsLatestFirst},
		{"FirstAnswerStands", firstAnswerStands},
		{"AnswersAreForgotten", answersForgotten},
		{"OfficeArgumentsHaveBounds", officeBounds},
		{"ReleasesAreKept", releasesAreKept},
		{"WatchingsEndOnce", watchingsEndOnce},
		{"WatchingsOfTheDeadEnd", watchingsOfTheDeadEnd},
		{"CoverageIsOfADay", coverageIsOfADay},
		{"DelegationsAreKept", delegationsAreKept},
		{"DelegationsAreRevokedOnce", delegationsAreRevokedOnce},
		{"DelegationsHaveBounds", delegationsHaveBounds},
		{"DelegationsCannotBeChanged", delegationsCannotBeChanged},
		{"OutgoingIsSentOnce", outgoingIsSentOnce},
		{"OutgoingCannotBeChanged", outgoingCannotBeChanged},
		{"CoverageOfASimulatedDay", coverageOfASimulatedDay},
		{"OversightHasBounds", oversightHasBounds},
		{"OversightCannotBeChanged", oversightCannotBeChanged},
		{"NotesAreOfTheUnit", notesAreOfTheUnit},
		{"NotesKeepTheirKey", notesKeepTheirKey},
		{"NotesDoNotReachASeat", notesDoNotReachASeat},
		{"NotesHaveBounds", notesHaveBounds},
		{"NotesCannotBeChanged", notesCannotBeChanged},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.law(t, &fixture{Opened: open(t)})
		})
	}
}

func (f *fixture) titled(t require.TestingT, u court.UnitID, docket, title string) store.Hearing {
	h := store.Hearing{
		ID: f.id("hearing"), Room: fmt.Sprintf("%032x", f.n.Add(1)), Unit: u,
		DocketNo: docket, Title: title, StartsAt: int64(f.n.Add(1)),
	}
	require.NoError(t, f.A.CreateHearing(bg(), court.ScopeOf(u), h, nil))
	return h
}

func infoKept(t *testing.T, f *fixture) {
	sc := court.ScopeOf(unit)
	h, bare := f.hearing(t, unit), f.hearing(t, unit)
	i := store.HearingInfo{
		Hearing: h, EFileCode: "HS-2026-01", Procedure: "criminal", Instance: "first_instance", Form: "online",
		Status: "scheduled", Minutes: 180, Updated: 100,
		Points: []store.InfoPoint{{ID: "p0", Name: "Phòng xử án số 1", Kind: "central", Unit: unit}, {ID: "p1", Name: "Trại tạm giam", Kind: "component"}},
	}
	require.NoError(t, f.A.PutHearingInfo(bg(), sc, i))
	got, err := f.B.HearingInfos(bg(), sc, []string{bare, h, "no-such"})
	require.NoError(t, err)
	require.Equal(t, []store.HearingInfo{i}, got)

	old, next := i, i
	old.Status, old.Updated = "preparing", 99
	next.Status, next.Phase, next.Closed, next.Points, next.Updated = "in_session", "debate", true, nil, 101
	next.OpenedAt, next.EndedAt = 90, 95
	require.NoError(t, f.B.PutHearingInfo(bg(), sc, old), "late, and without effect")
	got, err = f.A.HearingInfos(bg(), sc, []string{h})
	require.NoError(t, err)
	require.Equal(t, []store.HearingInfo{i}, got)
	require.NoError(t, f.B.PutHearingInfo(bg(), sc, next))
	got, err = f.A.HearingInfos(bg(), sc, []string{h})
	require.NoError(t, err)
	require.Equal(t, []store.HearingInfo{next}, got)
	got, err = f.A.HearingInfos(bg(), sc, nil)
	require.NoError(t, err)
	require.Empty(t, got)
}

func hearingsInAStatus(t *testing.T, f *fixture) {
	sc := court.ScopeOf(unit)
	older, newer, bare, away := f.hearing(t, unit), f.hearing(t, unit), f.hearing(t, unit), f.hearing(t, foreign)
	for h, status := range map[string]string{older: "recess", newer: "in_session", away: "in_session"} {
		require.NoError(t, f.A.PutHearingInfo(bg(), sys(), store.HearingInfo{Hearing: h, Status: status, Updated: 1}))
	}
	found := func(sc court.Scope, statuses ...string) (ids []string) {
		list, err := f.B.HearingsIn(bg(), sc, statuses)
		require.NoError(t, err)
		for _, h := range list {
			if h.ID == older || h.ID == newer || h.ID == bare || h.ID == away {
				ids = append(ids, h.ID)
			}
		}
		return ids
	}
	require.Equal(t, []string{newer, older}, found(sc, "recess", "in_session"), "the latest start first")
	require.Equal(t, []string{away, newer}, found(sys(), "in_session"))
	require.Empty(t, found(sc, "closed"))
	require.Empty(t, found(court.Scope{}, "in_session"))
	for _, statuses := range [][]string{nil, make([]string, 17), {""}} {
		_, err := f.A.HearingsIn(bg(), sc, statuses)
		require.ErrorIs(t, err, store.ErrInvalid)
	}
}

func foreignOffice(t *testing.T, f *fixture) {
	h := f.titled(t, unit, "9/2026/TLST-DS", "Tranh chấp hợp đồng")
	own := court.ScopeOf(unit)
	require.NoError(t, f.A.PutHearingInfo(bg(), own, store.HearingInfo{Hearing: h.ID}))
	require.NoError(t, f.A.PutSeats(bg(), own, []store.Seat{{Hearing: h.ID, Person: "p", Device: "d", Account: "a"}}))
	require.NoError(t, f.A.PutAlarm(bg(), store.Alarm{ID: "alarm-1", Unit: unit, Kind: "help", At: at(0)}))
	for name, sc := range map[string]court.Scope{"another unit": court.ScopeOf(foreign), "nothing": {}} {
		for _, target := range []string{h.ID, "no-such"} {
			require.ErrorIs(t, f.A.PutHearingInfo(bg(), sc, store.HearingInfo{Hearing: target, Status: "closed"}), store.ErrNotFound, name)
			require.ErrorIs(t, f.A.PutSeats(bg(), sc, []store.Seat{{Hearing: target, Person: "p", Device: "d", Account: "b"}}), store.ErrNotFound, name)
			_, err := f.A.Seats(bg(), sc, target)
			require.ErrorIs(t, err, store.ErrNotFound, name)
			infos, err := f.A.HearingInfos(bg(), sc, []string{target})
			require.NoError(t, err)
			require.Empty(t, infos, name)
		}
		for _, alarm := range []string{"alarm-1", "no-such"} {
			require.ErrorIs(t, f.A.TakeAlarm(bg(), sc, alarm, "a", at(1)), store.ErrNotFound, name)
			require.ErrorIs(t, f.A.DoneAlarm(bg(), sc, alarm, "a", at(1)), store.ErrNotFound, name)
		}
		_, err := f.A.HearingByDocket(bg(), sc, unit, h.DocketNo)
		require.ErrorIs(t, err, store.ErrNotFound, name)
		found, err := f.A.Search(bg(), sc, "tranh chap")
		require.NoError(t, err)
		require.Empty(t, found, name)
		alarms, err := f.A.Alarms(bg(), sc, at(0))
		require.NoError(t, err)
		require.Empty(t, alarms, name)
	}
	seats, err := f.A.Seats(bg(), own, h.ID)
	require.NoError(t, err)
	require.Equal(t, "a", seats[0].Account, "nothing was written")
	infos, err := f.A.HearingInfos(bg(), own, []string{h.ID})
	require.NoError(t, err)
	require.Empty(t, infos[0].Status)
}

func docketFindsLatest(t *testing.T, f *fixture) {
	sc := court.ScopeOf(unit, foreign)
	first := f.titled(t, unit, "45/2026/TLST-HS", "Vụ án")
	f.titled(t, foreign, "45/2026/TLST-HS", "Vụ án khác")
	got, err := f.B.HearingByDocket(bg(), sc, unit, "45/2026/TLST-HS")
	require.NoError(t, err)
	require.Equal(t, first, got)
	second := f.titled(t, unit, "45/2026/TLST-HS", "Vụ án")
	got, err = f.B.HearingByDocket(bg(), sc, unit, "45/2026/TLST-HS")
	require.NoError(t, err)
	require.Equal(t, second, got, "an adjourned case is booked again")
	_, err = f.B.HearingByDocket(bg(), sc, unit, "45/2026/TLST")
	require.ErrorIs(t, err, store.ErrNotFound)
}

// However the accents are typed (or are not), the same hearings are found (T12).
func searchFolds(t *testing.T, f *fixture) {
	sc := court.ScopeOf(unit)
	older := f.titled(t, unit, "7/2026/TLST-DS", "Tranh chấp quyền sử dụng đất, bà Nguyễn Thị Hòa")
	newer := f.titled(t, unit, "8/2026/TLST-DS", "Đất đai: TRANH CHẤP ranh giới")
	f.titled(t, foreign, "9/2026/TLST-DS", "Tranh chấp quyền sử dụng đất")
	require.NoError(t, f.A.PutHearingInfo(bg(), sc, store.HearingInfo{Hearing: older.ID, EFileCode: "MHS-Đ-0077"}))
	for query, want := range map[string][]store.Hearing{
		"tranh chấp":                  {newer, older},
		"tranh chap dat":              {newer, older},
		"TRANH  CHAP\tĐẤT":            {newer, older},
		"chấp tranh":                  {newer, older},
		"Ho\u0300a":                   {older},
		"hoà":                         {older},
		"nguyen":                      {older},
		"7/2026":                      {older},
		"8/2026/tlst-ds":              {newer},
		"mhs-d-0077":                  {older},
		"tranh mhs":                   {older},
		"tranh chap khong co":         nil,
		"":                            nil,
		" \t ":                        nil,
		"\u0301":                      nil,
		"ranh giới đất đai chấp 2026": {newer},
	} {
		got, err := f.B.Search(bg(), sc, query)
		require.NoError(t, err)
		require.Equal(t, want, got, "%q", query)
	}
}

func searchLiteral(t *testing.T, f *fixture) {
	sc := court.ScopeOf(unit)
	odd := f.titled(t, unit, "1", `100% _thật_ \ 'x'; DROP TABLE hearing; --`)
	f.titled(t, unit, "2", "thật")
	for _, query := range []string{"%", "_", `\`, "100%", "_that_", `'x';`, "drop table"} {
		got, err := f.A.Search(bg(), sc, query)
		require.NoError(t, err)
		require.Equal(t, []store.Hearing{odd}, got, "%q", query)
	}
}

func searchBounded(t *testing.T, f *fixture) {
	var last store.Hearing
	for i := range 101 {
		last = f.titled(t, unit, fmt.Sprint(i), "nhiều")
	}
	got, err := f.A.Search(bg(), court.ScopeOf(unit), "nhieu")
	require.NoError(t, err)
	require.Len(t, got, 100)
	require.Equal(t, last, got[0], "the latest first")
}

func seatsPut(t *testing.T, f *fixture) {
	sc := court.ScopeOf(unit)
	h := f.hearing(t, unit)
	a := store.Seat{Hearing: h, Person: "p1", Device: "d1", Account: "acc-1"}
	b := store.Seat{Hearing: h, Person: "p2", Device: "d2", RoomDevice: "room-1"}
	require.NoError(t, f.A.PutSeats(bg(), sc, []store.Seat{b, a}))
	got, err := f.B.Seats(bg(), sc, h)
	require.NoError(t, err)
	require.Equal(t, []store.Seat{a, b}, got)
	a.Account = "acc-2"
	require.NoError(t, f.A.PutSeats(bg(), sc, []store.Seat{a, {Hearing: h, Person: "p2", Device: "d2"}}))
	got, err = f.B.Seats(bg(), sc, h)
	require.NoError(t, err)
	require.Equal(t, []store.Seat{a}, got)
	other := f.hearing(t, foreign)
	err = f.A.PutSeats(bg(), sc, []store.Seat{b, {Hearing: other, Person: "p", Device: "d", Account: "x"}})
	require.ErrorIs(t, err, store.ErrNotFound)
	got, err = f.B.Seats(bg(), sc, h)
	require.NoError(t, err)
	require.Equal(t, []store.Seat{a}, got, "all or none")
}

func seatsByTime(t *testing.T, f *fixture) {
	one, two := f.titled(t, unit, "1", ""), f.titled(t, foreign, "2", "")
	own := []store.Seat{
		{Hearing: one.ID, Person: "p", Device: "d", Account: "acc"},
		{Hearing: two.ID, Person: "p", Device: "d", Account: "acc", RoomDevice: "room"},
	}
	require.NoError(t, f.A.PutSeats(bg(), sys(), append(own, store.Seat{Hearing: one.ID, Person: "q", Device: "d", Account: "other"})))
	got, err := f.B.SeatsOfAccount(bg(), "acc", 0, 1<<62)
	require.NoError(t, err)
	require.Equal(t, own, got, "of every unit, by start")
	got, err = f.B.SeatsOfAccount(bg(), "acc", one.StartsAt, two.StartsAt)
	require.NoError(t, err)
	require.Equal(t, own[:1], got, "from is inside, to is not")
	got, err = f.B.SeatsOfRoomDevice(bg(), "room", two.StartsAt, two.StartsAt+1)
	require.NoError(t, err)
	require.Equal(t, own[1:], got)
	got, err = f.B.SeatsOfRoomDevice(bg(), "acc", 0, 1<<62)
	require.NoError(t, err)
	require.Empty(t, got)
}

func (f *fixture) alarm(t require.TestingT, u court.UnitID, when time.Duration) store.Alarm {
	a := store.Alarm{ID: f.id("alarm"), At: at(when), Unit: u, Hearing: "h", Person: "p", Device: "d", Kind: "help", Detail: "Không nghe rõ"}
	require.NoError(t, f.A.PutAlarm(bg(), a))
	return a
}

func alarmsTakenOnce(t *testing.T, f *fixture) {
	sc := court.ScopeOf(unit)
	a := f.alarm(t, unit, 0)
	changed := a
	changed.Kind = "recorder"
	require.NoError(t, f.B.PutAlarm(bg(), changed), "the same id again")
	var won atomic.Int32
	var winner atomic.Value
	var g errgroup.Group
	for i := range 20 {
		g.Go(func() error {
			who := fmt.Sprintf("account-%d", i)
			err := f.A.TakeAlarm(bg(), sc, a.ID, who, at(time.Second))
			if err == nil {
				won.Add(1)
				winner.Store(who)
			} else if errors.Is(err, store.ErrConflict) {
				return nil
			}
			return err
		})
	}
	require.NoError(t, g.Wait())
	require.Equal(t, int32(1), won.Load())
	who := winner.Load().(string)
	require.NoError(t, f.B.TakeAlarm(bg(), sc, a.ID, who, at(time.Minute)), "once more, without effect")
	require.NoError(t, f.A.DoneAlarm(bg(), sc, a.ID, "account-x", at(time.Hour)), "another may settle it")
	require.ErrorIs(t, f.A.DoneAlarm(bg(), sc, a.ID, "account-y", at(time.Hour)), store.ErrConflict)
	a.TakenBy, a.TakenAt, a.DoneBy, a.DoneAt = who, at(time.Second), "account-x", at(time.Hour)
	got, err := f.B.Alarms(bg(), sc, at(time.Hour))
	require.NoError(t, err)
	require.Equal(t, []store.Alarm{a}, got)
	got, err = f.B.Alarms(bg(), sc, at(time.Hour+1000))
	require.NoError(t, err)
	require.Empty(t, got)

	b := f.alarm(t, unit, 0)
	require.NoError(t, f.A.DoneAlarm(bg(), sc, b.ID, "account-x", at(0)))
	require.ErrorIs(t, f.A.TakeAlarm(bg(), sc, b.ID, "account-x", at(0)), store.ErrConflict, "nothing is left to take")
}

// What ails the machine concerns every court on it, and is taken once; a scope of nothing
// sees none of it.
func alarmsOfTheNode(t *testing.T, f *fixture) {
	a := f.alarm(t, store.WholeNode, 0)
	for _, sc := range []court.Scope{court.ScopeOf(unit), court.ScopeOf(foreign), court.SystemScope()} {
		got, err := f.B.Alarms(bg(), sc, at(0))
		require.NoError(t, err)
		require.Equal(t, []store.Alarm{a}, got)
	}
	got, err := f.B.Alarms(bg(), court.Scope{}, at(0))
	require.NoError(t, err)
	require.Empty(t, got)
	require.ErrorIs(t, f.A.TakeAlarm(bg(), court.Scope{}, a.ID, "account-x", at(1)), store.ErrNotFound)
	require.ErrorIs(t, f.A.DoneAlarm(bg(), court.Scope{}, a.ID, "account-x", at(1)), store.ErrNotFound)
	require.NoError(t, f.A.TakeAlarm(bg(), court.ScopeOf(unit), a.ID, "account-x", at(1)))
	require.ErrorIs(t, f.B.TakeAlarm(bg(), court.ScopeOf(foreign), a.ID, "account-y", at(1)), store.ErrConflict)
	require.NoError(t, f.B.DoneAlarm(bg(), court.ScopeOf(foreign), a.ID, "account-y", at(2)))
}

func alarmsLatestFirst(t *testing.T, f *fixture) {
	early, late := f.alarm(t, unit, 0), f.alarm(t, unit, time.Second)
	f.alarm(t, foreign, 2*time.Second)
	got, err := f.B.Alarms(bg(), court.ScopeOf(unit), at(0))
	require.NoError(t, err)
	require.Equal(t, []store.Alarm{late, early}, got)
}

func firstAnswerStands(t *testing.T, f *fixture) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	var firsts [20]store.Idempotent
	var g errgroup.Group
	for i := range firsts {
		st := f.A
		if i%2 == 1 {
			st = f.B
		}
		g.Go(func() (err error) {
			firsts[i], err = st.Remember(bg(), store.Idempotent{
				Account: "a", Key: "k", Digest: [32]byte{1}, Status: 201, Body: fmt.Append(nil, i), At: now,
			})
			return err
		})
	}
	require.NoError(t, g.Wait())
	for _, one := range firsts {
		require.Equal(t, firsts[0], one)
	}
	got, err := f.B.Remembered(bg(), "a", "k")
	require.NoError(t, err)
	require.Equal(t, firsts[0], got)
	_, err = f.A.Remember(bg(), store.Idempotent{Account: "a", Key: "k", Digest: [32]byte{2}, At: now})
	require.ErrorIs(t, err, store.ErrConflict)
	other, err := f.A.Remember(bg(), store.Idempotent{Account: "b", Key: "k", Digest: [32]byte{2}, At: now})
	require.NoError(t, err)
	require.Equal(t, [32]byte{2}, other.Digest, "everybody has keys of their own")
	_, err = f.A.Remembered(bg(), "a", "other")
	require.ErrorIs(t, err, store.ErrNotFound)
}

func answersForgotten(t *testing.T, f *fixture) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	old := store.Idempotent{Account: "a", Key: "k", Digest: [32]byte{1}, Body: []byte("old"), At: now.Add(-24*time.Hour - time.Second)}
	_, err := f.Raw.Exec(`INSERT INTO idempotent (account, key, digest, status, body, at) VALUES ($1, $2, $3, 200, $4, $5)`,
		old.Account, old.Key, old.Digest[:], old.Body, old.At.UnixMicro())
	require.NoError(t, err)
	_, err = f.Raw.Exec(`INSERT INTO idempotent (account, key, digest, status, body, at) VALUES ($1, $2, $3, 200, $4, $5)`,
		"z", "k", old.Digest[:], old.Body, old.At.UnixMicro())
	require.NoError(t, err)
	_, err = f.A.Remembered(bg(), "a", "k")
	require.ErrorIs(t, err, store.ErrNotFound)
	fresh := store.Idempotent{Account: "a", Key: "k", Digest: [32]byte{2}, Body: []byte("new"), At: now}
	got, err := f.A.Remember(bg(), fresh)
	require.NoError(t, err)
	require.Equal(t, fresh, got)
	var left int
	require.NoError(t, f.Raw.QueryRow(`SELECT count(*) FROM idempotent`).Scan(&left))
	require.Equal(t, 1, left, "others past their time are swept")
}

func officeBounds(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	long := string(make([]byte, store.MaxTextBytes+1))
	many := make([]string, store.MaxHearings+1)
	for name, call := range map[string]func() error{
		"info":           func() error { return f.A.PutHearingInfo(bg(), sys(), store.HearingInfo{Hearing: h, EFileCode: long}) },
		"infos":          func() error { _, err := f.A.HearingInfos(bg(), sys(), many); return err },
		"search":         func() error { _, err := f.A.Search(bg(), sys(), long); return err },
		"nul":            func() error { _, err := f.A.Search(bg(), sys(), "a\x00b"); return err },
		"seats":          func() error { return f.A.PutSeats(bg(), sys(), make([]store.Seat, store.MaxNames+1)) },
		"seat of nobody": func() error { return f.A.PutSeats(bg(), sys(), []store.Seat{{Hearing: h, Device: "d"}}) },
		"alarm": func() error {
			return f.A.PutAlarm(bg(), store.Alarm{ID: "a", Unit: unit, Kind: "help", Detail: string(make([]byte, 501))})
		},
		"alarm of no unit": func() error { return f.A.PutAlarm(bg(), store.Alarm{ID: "a", Kind: "help"}) },
		"key": func() error {
			_, err := f.A.Remember(bg(), store.Idempotent{Account: "a", Key: string(make([]byte, 65))})
			return err
		},
		"body": func() error {
			_, err := f.A.Remember(bg(), store.Idempotent{Account: "a", Key: "k", Body: make([]byte, 64<<10+1)})
			return err
		},
	} {
		require.ErrorIs(t, call(), store.ErrInvalid, name)
	}
}
