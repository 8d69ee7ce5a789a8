package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// RunArchives runs the suite of store.Archives; open is as of Run.
func RunArchives(t *testing.T, open func(t *testing.T) Opened) {
	for _, c := range []struct {
		name string
		law  func(*testing.T, *fixture)
	}{
		{"PartsAreKept", partsKept},
		{"AnotherPartOfTheNumberConflicts", otherPartConflicts},
		{"PartsHaveBounds", partsBounded},
		{"ArchivesAreFound", archivesFound},
		{"RequestsAreDecidedByAnother", requestsDecided},
		{"RequestsEndForGood", requestsEnd},
		{"CopiesStandBesideRequests", copiesAsked},
		{"ViewsStay", viewsStay},
		{"ChecksAreFinishedOnce", checksFinished},
		{"KeepsAreKept", keepsKept},
		{"LodgingIsOnce", lodgingOnce},
		{"DisposalTakesTwo", disposalTakesTwo},
		{"SupplementsKeepTheirNumber", supplementsKeepNumber},
		{"SupplementsAreMadeOnce", supplementsMadeOnce},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.law(t, &fixture{Opened: open(t)})
		})
	}
}

func (f *fixture) room() string { return fmt.Sprintf("%032x", f.n.Add(1)) }

func (f *fixture) part(hearing string, n int) store.ArchivePart {
	return store.ArchivePart{
		Hearing: hearing, Part: n, Node: "node-1", Path: hearing + "/part-0001.asice", Size: 4096,
		SHA256: f.hash(), Manifest: f.hash(), Root: f.hash(), Lines: 77, Began: 1_000_000, Ended: 2_000_000,
		Gaps: 2, Damages: 1, Sealed: at(0), Facts: []byte(`{"gaps":[]}`),
	}
}

func partsKept(t *testing.T, f *fixture) {
	sc := court.ScopeOf(unit)
	h, other := f.hearing(t, unit), f.hearing(t, foreign)
	second, one := f.part(h, 2), f.part(h, 1)
	for _, p := range []store.ArchivePart{second, one, one} {
		require.NoError(t, f.A.PutArchivePart(bg(), sc, p), "the same again is a success")
	}
	got, err := f.B.ArchiveParts(bg(), sc, h)
	require.NoError(t, err)
	require.Equal(t, []store.ArchivePart{one, second}, got)

	stamped := one
	stamped.Stamped, stamped.Size, stamped.SHA256, stamped.Facts = true, 5000, f.hash(), []byte(`{"gaps":[],"seal":{}}`)
	require.NoError(t, f.B.PutArchivePart(bg(), sc, stamped))
	require.ErrorIs(t, f.A.PutArchivePart(bg(), sc, one), store.ErrConflict, "a timestamp is not taken back")
	got, err = f.A.ArchiveParts(bg(), sys(), h)
	require.NoError(t, err)
	require.Equal(t, []store.ArchivePart{stamped, second}, got)

	for name, sc := range map[string]court.Scope{"another unit": court.ScopeOf(foreign), "nothing": {}} {
		for _, target := range []string{h, "no-such", ""} {
			_, err := f.A.ArchiveParts(bg(), sc, target)
			require.ErrorIs(t, err, store.ErrNotFound, name)
		}
		require.ErrorIs(t, f.A.PutArchivePart(bg(), sc, f.part(h, 3)), store.ErrNotFound, name)
		require.ErrorIs(t, f.A.PutArchivePart(bg(), sc, f.part("no-such", 3)), store.ErrNotFound, name)
	}
	got, err = f.A.ArchiveParts(bg(), sys(), other)
	require.NoError(t, err)
	require.Empty(t, got)
}

// What a number stands for is never replaced, by nobody and not by hand.
func otherPartConflicts(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	one := f.part(h, 1)
	require.NoError(t, f.A.PutArchivePart(bg(), sys(), one))
	for _, spoil := range []func(*store.ArchivePart){
		func(p *store.ArchivePart) { p.Manifest = f.hash() },
		func(p *store.ArchivePart) { p.Root = f.hash() },
	} {
		other := one
		spoil(&other)
		require.ErrorIs(t, f.B.PutArchivePart(bg(), sys(), other), store.ErrConflict)
	}
	for _, statement := range []string{
		`UPDATE archive_part SET manifest = root`, `UPDATE archive_part SET root = manifest`, `UPDATE archive_part SET ended = 0`,
		`UPDATE archive_part SET sealed = 0`, `UPDATE archive_part SET part = 9`, `DELETE FROM archive_part`,
	} {
		_, err := f.Raw.Exec(statement)
		require.Error(t, err, statement)
	}
	got, err := f.B.ArchiveParts(bg(), sys(), h)
	require.NoError(t, err)
	require.Equal(t, []store.ArchivePart{one}, got)
}

func partsBounded(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	for name, spoil := range map[string]func(*store.ArchivePart){
		"no hearing": func(p *store.ArchivePart) { p.Hearing = "" },
		"no node":    func(p *store.ArchivePart) { p.Node = "" },
		"no path":    func(p *store.ArchivePart) { p.Path = "" },
		"part 0":     func(p *store.ArchivePart) { p.Part = 0 },
		"no bytes":   func(p *store.ArchivePart) { p.Size = 0 },
		"gaps":       func(p *store.ArchivePart) { p.Gaps = -1 },
		"facts":      func(p *store.ArchivePart) { p.Facts = make([]byte, store.MaxFactBytes+1) },
		"no text":    func(p *store.ArchivePart) { p.Facts = []byte{0xff} },
	} {
		p := f.part(h, 1)
		spoil(&p)
		require.ErrorIs(t, f.A.PutArchivePart(bg(), sys(), p), store.ErrInvalid, name)
	}
}

// However names are typed they find the hearing, and only of the scope and of what
// is sealed.
func archivesFound(t *testing.T, f *fixture) {
	sc := court.ScopeOf(unit)
	make := func(u court.UnitID, docket string, start int64, sealed bool, names ...string) store.Hearing {
		h := store.Hearing{ID: f.id("hearing"), Room: f.room(), Unit: u, DocketNo: docket, Title: "Tranh chấp đất đai", StartsAt: start}
		var list []store.PersonName
		for _, n := range names {
			list = append(list, store.PersonName{Person: f.id("person"), Name: n, Hearing: h.ID})
		}
		require.NoError(t, f.A.CreateHearing(bg(), court.ScopeOf(u), h, list))
		if sealed {
			require.NoError(t, f.A.PutArchivePart(bg(), sys(), f.part(h.ID, 1)))
		}
		return h
	}
	older := make(unit, "7/2026/TLST-DS", 100, true, "Nguyễn Thị Hòa", "Đặng Văn Lâm")
	newer := make(unit, "8/2026/TLST-DS", 200, true, "Nguyễn Văn Đạt", "Lê Thị Hòa")
	make(unit, "9/2026/TLST-DS", 300, false, "Nguyễn Thị Hòa")
	make(foreign, "7/2026/TLST-DS", 400, true, "Nguyễn Thị Hòa")
	require.NoError(t, f.A.PutHearingInfo(bg(), sc, store.HearingInfo{Hearing: older.ID, EFileCode: "MHS-0077"}))
	for name, c := range map[string]struct {
		q    store.ArchiveQuery
		want []store.Hearing
	}{
		"all":          {store.ArchiveQuery{}, []store.Hearing{newer, older}},
		"docket":       {store.ArchiveQuery{Text: "7/2026"}, []store.Hearing{older}},
		"e-file code":  {store.ArchiveQuery{Text: "mhs-0077"}, []store.Hearing{older}},
		"any name":     {store.ArchiveQuery{Text: "dat dai HOÀ"}, []store.Hearing{newer, older}},
		"one person":   {store.ArchiveQuery{Person: "nguyen hoa"}, []store.Hearing{older}},
		"with accents": {store.ArchiveQuery{Person: "Đặng"}, []store.Hearing{older}},
		"without":      {store.ArchiveQuery{Person: "dang van lam"}, []store.Hearing{older}},
		"two people":   {store.ArchiveQuery{Person: "nguyen le"}, nil},
		"signs":        {store.ArchiveQuery{Person: "%"}, nil},
		"from":         {store.ArchiveQuery{From: 101}, []store.Hearing{newer}},
		"to":           {store.ArchiveQuery{To: 200}, []store.Hearing{older}},
		"nobody":       {store.ArchiveQuery{Person: "khong co"}, nil},
	} {
		got, err := f.B.FindArchives(bg(), sc, c.q)
		require.NoError(t, err)
		require.Equal(t, c.want, got, name)
	}
	got, err := f.B.FindArchives(bg(), court.Scope{}, store.ArchiveQuery{})
	require.NoError(t, err)
	require.Empty(t, got)
	_, err = f.A.FindArchives(bg(), sc, store.ArchiveQuery{Text: string([]byte{0xff})})
	require.ErrorIs(t, err, store.ErrInvalid)
}

func actor(who string, d time.Duration) store.AdminEntry {
	e := by(unit, "archive.x", "")
	e.Actor, e.At = who, at(d)
	return e
}

func (f *fixture) ask(h, who string, d time.Duration) (store.ArchiveRequest, error) {
	r := store.ArchiveRequest{ID: f.id("request"), Hearing: h, Unit: unit, Account: who, Purpose: "Bổ sung hồ sơ phúc thẩm", Download: true, Closed: true, At: at(d)}
	return r, f.A.PutArchiveRequest(bg(), court.ScopeOf(unit), r, actor(who, d))
}

func (f *fixture) settle(sc court.Scope, r store.ArchiveRequest, who string, d time.Duration, x store.ArchiveDecision) (store.ArchiveRequest, error) {
	return f.B.SettleArchiveRequest(bg(), sc, r.ID, x, actor(who, d))
}

var (
	grant  = store.ArchiveDecision{Outcome: store.Granted, Until: at(long), Download: true}
	refuse = store.ArchiveDecision{Outcome: store.Refused, Reason: "Không đúng mục đích"}
	end    = store.ArchiveDecision{Outcome: store.Ended, Reason: "Đã xong việc"}
)

func requestsDecided(t *testing.T, f *fixture) {
	sc, h := court.ScopeOf(unit), f.hearing(t, unit)
	r, err := f.ask(h, "clerk", 0)
	require.NoError(t, err)
	_, err = f.ask(h, "clerk", 1)
	require.ErrorIs(t, err, store.ErrConflict, "one waits already")
	got, err := f.B.ArchiveRequest(bg(), sc, r.ID)
	require.NoError(t, err)
	require.Equal(t, r, got)
	for name, sc := range map[string]court.Scope{"another unit": court.ScopeOf(foreign), "nothing": {}} {
		_, err = f.B.ArchiveRequest(bg(), sc, r.ID)
		require.ErrorIs(t, err, store.ErrNotFound, name)
		_, err = f.settle(sc, r, "chief", 1, grant)
		require.ErrorIs(t, err, store.ErrNotFound, name)
		x := r
		x.ID = f.id("request")
		require.ErrorIs(t, f.A.PutArchiveRequest(bg(), sc, x, actor("clerk", 0)), store.ErrNotFound, name)
		list, err := f.B.ArchiveRequests(bg(), sc, "", "")
		require.NoError(t, err)
		require.Empty(t, list, name)
	}
	for _, d := range []store.ArchiveDecision{grant, refuse} {
		_, err = f.settle(sc, r, "clerk", 1, d)
		require.ErrorIs(t, err, store.ErrConflict, "one's own")
	}
	for _, d := range []store.ArchiveDecision{
		{}, {Outcome: "x"}, {Outcome: store.Granted}, {Outcome: store.Granted, Until: at(1)}, {Outcome: store.Refused}, {Outcome: store.Refused, Reason: "x", Until: at(long)},
	} {
		_, err = f.settle(sc, r, "chief", 1, d)
		require.ErrorIs(t, err, store.ErrInvalid)
	}
	granted, err := f.settle(sc, r, "chief", time.Minute, grant)
	require.NoError(t, err)
	want := r
	want.Outcome, want.DoneBy, want.DoneAt, want.Until, want.Closed = store.Granted, "chief", at(time.Minute), at(long), false
	require.Equal(t, want, granted)
	got, err = f.A.ArchiveRequest(bg(), sc, r.ID)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.True(t, got.Open(at(long-1)))
	require.False(t, got.Open(at(long)))
	for _, d := range []store.ArchiveDecision{grant, refuse} {
		_, err = f.settle(sc, r, "chief", 2*time.Minute, d)
		require.ErrorIs(t, err, store.ErrConflict, "settled once")
	}
}

// A grant is ended, and nothing that was settled opens again, not even by hand.
func requestsEnd(t *testing.T, f *fixture) {
	sc, h := court.ScopeOf(unit), f.hearing(t, unit)
	r, err := f.ask(h, "clerk", 0)
	require.NoError(t, err)
	_, err = f.settle(sc, r, "chief", time.Minute, grant)
	require.NoError(t, err)
	second, err := f.ask(h, "clerk", time.Minute)
	require.NoError(t, err, "beside a grant another may wait")
	_, err = f.settle(sc, r, "clerk", 2*time.Minute, end)
	require.NoError(t, err)
	got, err := f.A.ArchiveRequest(bg(), sc, r.ID)
	require.NoError(t, err)
	require.False(t, got.Open(at(3*time.Minute)), "ended")
	for _, d := range []store.ArchiveDecision{grant, refuse, end} {
		_, err = f.settle(sc, r, "chief", 3*time.Minute, d)
		require.ErrorIs(t, err, store.ErrConflict, "for good")
	}
	for _, statement := range []string{
		`UPDATE archive_request SET outcome = 'granted', until = 9000000000000000 WHERE outcome = 'ended'`,
		`UPDATE archive_request SET outcome = 'granted', until = 9000000000000000, done_by = account WHERE outcome = ''`,
		`UPDATE archive_request SET purpose = 'x'`, `UPDATE archive_request SET account = 'x'`, `DELETE FROM archive_request`,
	} {
		_, err := f.Raw.Exec(statement)
		require.Error(t, err, statement)
	}
	other, err := f.ask(h, "other", 2*time.Minute)
	require.NoError(t, err)
	for _, c := range []struct {
		hearing, account string
		want             []string
	}{{"", "", []string{other.ID, second.ID, r.ID}}, {h, "clerk", []string{second.ID, r.ID}}, {"", "other", []string{other.ID}}, {"no-such", "", nil}} {
		list, err := f.B.ArchiveRequests(bg(), sc, c.hearing, c.account)
		require.NoError(t, err)
		var ids []string
		for _, x := range list {
			ids = append(ids, x.ID)
		}
		require.Equal(t, c.want, ids)
	}
}

// A request for a person's copy keeps what was asked for, whatever happens to it, and
// stands beside one to see the archive.
func copiesAsked(t *testing.T, f *fixture) {
	sc, h := court.ScopeOf(unit), f.hearing(t, unit)
	want := store.ArchiveCopy{Person: "p-4", Capacity: court.Defendant, Part: 2, FromT: 1_790_000_010_000_000, ToT: 1_790_000_040_000_000, Tracks: []string{"t001", "t002"}}
	ask := func(who string, c store.ArchiveCopy) (store.ArchiveRequest, error) {
		r := store.ArchiveRequest{ID: f.id("request"), Hearing: h, Unit: unit, Account: who, Purpose: "Chuẩn bị kháng cáo", Download: true, At: at(0), Copy: &c}
		return r, f.A.PutArchiveRequest(bg(), sc, r, actor(who, 0))
	}
	r, err := ask("clerk", want)
	require.NoError(t, err)
	_, err = ask("another", want)
	require.ErrorIs(t, err, store.ErrConflict, "the same waits")
	_, err = f.ask(h, "clerk", 0)
	require.NoError(t, err, "nor is it in the way of a request to see the archive")
	other := want
	other.Person = "p-5"
	_, err = ask("clerk", other)
	require.NoError(t, err)
	granted, err := f.settle(sc, r, "chief", time.Minute, grant)
	require.NoError(t, err)
	require.Equal(t, &want, granted.Copy)
	got, err := f.B.ArchiveRequest(bg(), sc, r.ID)
	require.NoError(t, err)
	require.Equal(t, granted, got)
	_, err = f.Raw.Exec(`UPDATE archive_request SET copy = ''`)
	require.Error(t, err, "what was asked for stays")
	for name, change := range map[string]func(*store.ArchiveCopy){
		"nobody":       func(c *store.ArchiveCopy) { c.Person = "" },
		"no capacity":  func(c *store.ArchiveCopy) { c.Capacity = "" },
		"no part":      func(c *store.ArchiveCopy) { c.Part = 0 },
		"no time":      func(c *store.ArchiveCopy) { c.ToT = c.FromT },
		"no track":     func(c *store.ArchiveCopy) { c.Tracks = nil },
		"an odd track": func(c *store.ArchiveCopy) { c.Tracks = []string{""} },
		"many tracks":  func(c *store.ArchiveCopy) { c.Tracks = make([]string, store.MaxCopyTracks+1) },
		"long tracks": func(c *store.ArchiveCopy) {
			c.Tracks = slices.Repeat([]string{strings.Repeat("t", 60)}, store.MaxCopyTracks)
		},
	} {
		bad := want
		change(&bad)
		_, err = ask("clerk", bad)
		require.ErrorIs(t, err, store.ErrInvalid, name)
	}
	most := want
	for range store.MaxCopyTracks {
		most.Tracks = append(most.Tracks[:len(most.Tracks):len(most.Tracks)], "t0123456789")
	}
	most.Tracks = most.Tracks[2:]
	_, err = ask("clerk", most)
	require.NoError(t, err, "the index takes the longest")
}

func viewsStay(t *testing.T, f *fixture) {
	sc, h := court.ScopeOf(unit), f.hearing(t, unit)
	one := store.ArchiveView{At: at(0), Hearing: h, Part: 1, Account: "clerk", Request: "request", What: "view"}
	two := store.ArchiveView{At: at(1000), Hearing: h, Account: "auditor", What: "search"}
	require.NoError(t, f.A.PutArchiveView(bg(), sc, one))
	require.NoError(t, f.A.PutArchiveView(bg(), sc, two))
	got, err := f.B.ArchiveViews(bg(), sc, h)
	require.NoError(t, err)
	require.Equal(t, []store.ArchiveView{two, one}, got)
	_, err = f.B.ArchiveViews(bg(), court.ScopeOf(foreign), h)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.ErrorIs(t, f.A.PutArchiveView(bg(), court.ScopeOf(foreign), one), store.ErrNotFound)
	for _, statement := range []string{`UPDATE archive_view SET account = 'x'`, `DELETE FROM archive_view`} {
		_, err := f.Raw.Exec(statement)
		require.Error(t, err, statement)
	}
}

func checksFinished(t *testing.T, f *fixture) {
	sc, h := court.ScopeOf(unit), f.hearing(t, unit)
	require.NoError(t, f.A.PutArchivePart(bg(), sc, f.part(h, 1)))
	c := store.ArchiveCheck{ID: f.id("check"), Hearing: h, Part: 1, By: "clerk", At: at(0), Exit: -1, Repair: true}
	require.NoError(t, f.A.PutArchiveCheck(bg(), sc, c))
	twin := c
	twin.ID = f.id("check")
	require.ErrorIs(t, f.B.PutArchiveCheck(bg(), sc, twin), store.ErrConflict, "one waits already")
	twin.Part = 2
	require.ErrorIs(t, f.B.PutArchiveCheck(bg(), sc, twin), store.ErrNotFound, "no such part")
	require.ErrorIs(t, f.B.PutArchiveCheck(bg(), court.ScopeOf(foreign), twin), store.ErrNotFound)
	waiting, err := f.B.PendingArchiveChecks(bg(), "node-1")
	require.NoError(t, err)
	require.Equal(t, []store.ArchiveCheck{c}, waiting)
	waiting, err = f.B.PendingArchiveChecks(bg(), "node-2")
	require.NoError(t, err)
	require.Empty(t, waiting)

	c.Done, c.Exit, c.Same, c.Report, c.Replaced = at(time.Second), 0, true, []byte(`{"x":1}`), "part-0001.asice.damaged-1"
	bad := c
	bad.Exit = 4
	require.ErrorIs(t, f.A.FinishArchiveCheck(bg(), bad), store.ErrInvalid)
	require.NoError(t, f.A.FinishArchiveCheck(bg(), c))
	bad.Exit = 1
	require.ErrorIs(t, f.A.FinishArchiveCheck(bg(), bad), store.ErrConflict, "a result stands")
	got, err := f.B.ArchiveChecks(bg(), sc, h)
	require.NoError(t, err)
	require.Equal(t, []store.ArchiveCheck{c}, got)
	_, err = f.B.ArchiveChecks(bg(), court.ScopeOf(foreign), h)
	require.ErrorIs(t, err, store.ErrNotFound)
	twin.Part = 1
	require.NoError(t, f.A.PutArchiveCheck(bg(), sc, twin), "another may wait now")
}

func keepsKept(t *testing.T, f *fixture) {
	sc, h := court.ScopeOf(unit), f.hearing(t, unit)
	k, err := f.A.ArchiveKeep(bg(), sc, h)
	require.NoError(t, err)
	require.Equal(t, store.ArchiveKeep{Hearing: h}, k)
	for _, k := range []store.ArchiveKeep{
		{Hearing: h, Class: "permanent", By: "archivist", At: at(0)}, {Hearing: h, Class: "20", Hold: "Kháng nghị", By: "chief", At: at(1000)},
	} {
		require.NoError(t, f.A.PutArchiveKeep(bg(), sc, k, by(unit, "archive.keep", h)))
		got, err := f.B.ArchiveKeep(bg(), sc, h)
		require.NoError(t, err)
		require.Equal(t, k, got)
	}
	_, err = f.A.ArchiveKeep(bg(), court.ScopeOf(foreign), h)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.ErrorIs(t, f.A.PutArchiveKeep(bg(), court.ScopeOf(foreign), k, by(unit, "x", h)), store.ErrInvalid)
	k.By = "x"
	require.ErrorIs(t, f.A.PutArchiveKeep(bg(), court.ScopeOf(foreign), k, by(unit, "x", h)), store.ErrNotFound)
}
