package office

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// Every field has a bound: at the limit it is taken, beyond it is refused where
// it stands. The wide letter shows that characters count, not bytes.
func TestBoundsOfFields(t *testing.T) {
	w := startWorld(t)
	long := func(n int) string { return strings.Repeat("ễ", n) }
	ascii := func(n int) string { return strings.Repeat("a", n) }
	people := func(b *BookingBody, n int) {
		for len(b.People) < n {
			b.People = append(b.People, PersonBody{Name: fmt.Sprint("Người ", len(b.People)), Capacity: string(court.Witness)})
		}
	}
	w.accounts[ascii(100)] = store.Account{ID: "long", Roles: []store.Role{store.RoleJudge}}
	w.accounts[ascii(101)] = store.Account{ID: "longer"}
	w.devices[ascii(64)] = store.RoomDevice{ID: ascii(64), Unit: unitHN}
	w.devices[ascii(65)] = store.RoomDevice{ID: ascii(65), Unit: unitHN}
	for _, c := range []struct {
		field, code string
		limit       int
		set         func(*BookingBody, int)
	}{
		{"case.docket_no", "too_long", MaxDocket, func(b *BookingBody, n int) { b.Case.DocketNo = long(n) }},
		{"case.e_file_code", "too_long", MaxFileCode, func(b *BookingBody, n int) { b.Case.EFileCode = long(n) }},
		{"case.title", "too_long", MaxTitle, func(b *BookingBody, n int) { b.Case.Title = long(n) }},
		{"points[1].name", "too_long", MaxPointName, func(b *BookingBody, n int) { b.Points[1].Name = long(n) }},
		{"points[1].unit", "bad_id", hearing.MaxIDBytes, func(b *BookingBody, n int) { b.Points[1].Unit = ascii(n) }},
		{"people[3].name", "too_long", MaxName, func(b *BookingBody, n int) { b.People[3].Name = long(n) }},
		{"people[3].alias", "too_long", MaxAlias, func(b *BookingBody, n int) { b.People[3].Alias = long(n) }},
		{"people[0].account", "too_long", MaxLogin, func(b *BookingBody, n int) { b.People[0].Account = ascii(n) }},
		{"people[3].room_device", "bad_id", hearing.MaxIDBytes, func(b *BookingBody, n int) { b.People[3].RoomDevice = ascii(n) }},
		{"people[4].client", "bad_client", 5, func(b *BookingBody, n int) { b.People[4].Client = &n }},
		{"people[3].point", "bad_point", 1, func(b *BookingBody, n int) { b.People[3].Point = n }},
		{"people", "too_many_people", MaxPeople, people},
		{"minutes", "out_of_range", MaxMinutes, func(b *BookingBody, n int) { b.Minutes = n }},
		{"points[4]", "too_many_components", 4, func(b *BookingBody, n int) {
			for len(b.Points) < n {
				b.Points = append(b.Points, PointBody{Kind: "component", Name: fmt.Sprint("Điểm ", len(b.Points))})
			}
		}},
		{"people[7].shares", "bad_shares", 5, func(b *BookingBody, n int) {
			five := 5
			b.People = append(b.People, PersonBody{Name: "Hai", Capacity: "victim", Point: 1, Shares: &five}, PersonBody{Name: "Ba", Capacity: "victim", Point: 1, Shares: &n})
		}},
		{"starts_at", "too_far", int(MaxAhead / time.Second), func(b *BookingBody, n int) {
			b.StartsAt = w.clock().Truncate(time.Second).Add(time.Duration(n) * time.Second).Format(time.RFC3339)
		}},
	} {
		t.Run(c.field+" "+c.code, func(t *testing.T) {
			at, beyond := w.good("1/2026/TLST-HS", month), w.good("1/2026/TLST-HS", month)
			c.set(&at, c.limit)
			c.set(&beyond, c.limit+1)
			require.False(t, has(w.check(at).Refusals, c.code, c.field), "at the limit")
			require.Empty(t, w.check(at).Refusals, "at the limit")
			require.True(t, has(w.check(beyond).Refusals, c.code, c.field), "%v", w.check(beyond).Refusals)
		})
	}
	short := w.good("1/2026/TLST-HS", month)
	short.Minutes = MinMinutes
	require.Empty(t, w.check(short).Refusals)
	short.Minutes--
	require.True(t, has(w.check(short).Refusals, "out_of_range", "minutes"))
	soon := w.good("1/2026/TLST-HS", -MaxLate+time.Second)
	require.Empty(t, w.check(soon).Refusals)
	require.True(t, has(w.check(w.good("1/2026/TLST-HS", -MaxLate-2*time.Second)).Refusals, "past", "starts_at"))
}

func TestBodyHasABound(t *testing.T) {
	w := startWorld(t)
	text, err := json.Marshal(w.good("1/2026/TLST-HS", month))
	require.NoError(t, err)
	pad := func(n int) []byte { return append(text, []byte(strings.Repeat(" ", n-len(text)))...) }
	require.Empty(t, w.check(pad(MaxBody)).Refusals)
	a := w.do(login(store.RoleClerk, unitHN), http.MethodPost, "/api/v1/hearings/check", pad(MaxBody+1))
	require.Equal(t, http.StatusRequestEntityTooLarge, a.status)
}

func TestCalendarSpanHasABound(t *testing.T) {
	w := startWorld(t)
	ask := func(from, to string) int {
		return w.do(login(store.RoleClerk, unitHN), http.MethodGet, "/api/v1/hearings?from="+from+"&to="+to, nil).status
	}
	require.Equal(t, 200, ask("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"))
	require.Equal(t, 400, ask("2026-12-01T00:00:00Z", "2027-01-01T00:00:01Z"))
	require.Equal(t, 400, ask("2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z"))
	require.Equal(t, 400, ask("2026-12-01", "2026-12-02T00:00:00Z"))
	require.Equal(t, 400, ask("", ""))
	require.Equal(t, 400, ask("0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z"))
	search := func(q string) int {
		return w.do(login(store.RoleClerk, unitHN), http.MethodPost, "/api/v1/search", SearchBody{Q: q}).status
	}
	require.Equal(t, 200, search(strings.Repeat("ễ", MaxQuery)))
	require.Equal(t, 400, search(strings.Repeat("a", MaxQuery+1)))
	require.Equal(t, 400, search(""))
	require.Equal(t, 400, search("a\x00b"))
	clerk := login(store.RoleClerk, unitHN)
	require.Equal(t, 400, w.do(clerk, http.MethodPost, "/api/v1/search", []byte("{\"q\":\"\xff\"}")).status)
	require.NotEqual(t, 200, w.do(clerk, http.MethodGet, "/api/v1/search?q=a", nil).status, "no name of a party stands in an address")
}

func TestEligibilityIsAHardStop(t *testing.T) {
	w := startWorld(t)
	yes := true
	for _, c := range []struct {
		field, code string
		set         func(*ExclusionsBody, *bool)
		inPerson    bool // still refused when held in person
	}{
		{"exclusions.state_secret", "excluded_state_secret", func(e *ExclusionsBody, v *bool) { e.StateSecret = v }, true},
		{"exclusions.chapter_xiii", "excluded_chapter_xiii", func(e *ExclusionsBody, v *bool) { e.ChapterXIII = v }, false},
		{"exclusions.chapter_xxvi", "excluded_chapter_xxvi", func(e *ExclusionsBody, v *bool) { e.ChapterXXVI = v }, false},
	} {
		b := w.good("1/2026/TLST-HS", month)
		c.set(&b.Exclusions, nil)
		require.True(t, has(w.check(b).Refusals, "not_answered", c.field))
		c.set(&b.Exclusions, &yes)
		for _, form := range []hearing.Form{hearing.Online, hearing.Mixed} {
			b.Form = string(form)
			require.True(t, has(w.check(b).Refusals, c.code, c.field), form)
			a := w.do(login(store.RoleClerk, unitHN), http.MethodPost, "/api/v1/hearings", b, "Idempotency-Key", newKey())
			require.Equal(t, http.StatusUnprocessableEntity, a.status)
		}
		b.Form = string(hearing.InPerson)
		b.Points = b.Points[:1]
		for i := range b.People {
			b.People[i].Point = 0
		}
		require.Equal(t, c.inPerson, has(w.check(b).Refusals, c.code, c.field), c.field)
	}
	require.Zero(t, w.count())
}

func TestRefusalsNameTheirPlace(t *testing.T) {
	w := startWorld(t)
	one := 1
	for _, c := range []struct {
		code, field string
		change      func(*BookingBody)
	}{
		{"missing", "case.docket_no", func(b *BookingBody) { b.Case.DocketNo = "  " }},
		{"missing", "people[1].name", func(b *BookingBody) { b.People[1].Name = "" }},
		{"unknown_value", "procedure", func(b *BookingBody) { b.Procedure = "military" }},
		{"unknown_value", "instance", func(b *BookingBody) { b.Instance = "" }},
		{"unknown_value", "form", func(b *BookingBody) { b.Form = "Online" }},
		{"unknown_value", "visibility", func(b *BookingBody) { b.Visibility = "deliberation" }},
		{"unknown_value", "points[1].kind", func(b *BookingBody) { b.Points[1].Kind = "" }},
		{"unknown_value", "people[2].capacity", func(b *BookingBody) { b.People[2].Capacity = "host" }},
		{"unknown_value", "people[2].device_kind", func(b *BookingBody) { b.People[2].DeviceKind = "phone" }},
		{"protected_witness", "people[3].capacity", func(b *BookingBody) { b.People[3].Capacity = "protected_witness" }},
		{"central_only", "people[2].point", func(b *BookingBody) { b.People[2].Point = 1 }},
		{"one_central", "points", func(b *BookingBody) { b.Points[1].Kind = "central" }},
		{"in_person_component", "points", func(b *BookingBody) { b.Form = "in_person" }},
		{"point_twice", "points[1].name", func(b *BookingBody) { b.Points[1].Name, b.Points[1].Unit = "PHONG XU AN so 1", "" }},
		{"one_presiding", "people", func(b *BookingBody) { b.People[1].Capacity = "presiding_judge" }},
		{"presiding_device", "people[0].device_kind", func(b *BookingBody) { b.People[0].DeviceKind = "viewer" }},
		{"presiding_device", "people[0].shares", func(b *BookingBody) { b.People[0].Shares = &one }},
		{"other_point", "people[3].shares", func(b *BookingBody) { b.People[3].Shares, b.People[3].DeviceKind = &one, "" }},
		{"shares_device", "people[2].shares", func(b *BookingBody) { b.People[2].Shares, b.People[2].Private = &one, true }},
		{"private_device", "people[1].private", func(b *BookingBody) { b.People[1].DeviceKind, b.People[1].Private = "room_client", true }},
		{"account_unknown", "people[1].account", func(b *BookingBody) { b.People[1].Account = "nobody.here" }},
		{"account_twice", "people[2].account", func(b *BookingBody) {
			b.People[1].Account = login(store.RoleClerk, unitHN)
			b.People[2].Account = b.People[1].Account
		}},
		{"device_unknown", "people[3].room_device", func(b *BookingBody) { b.People[3].RoomDevice = "room-9" }},
		{"device_unknown", "people[3].room_device", func(b *BookingBody) { b.People[3].RoomDevice = "room-dn" }},
		{"device_unknown", "people[3].room_device", func(b *BookingBody) { b.People[3].RoomDevice = "room-old" }},
		{"device_kind", "people[3].device_kind", func(b *BookingBody) {
			b.People[3].RoomDevice, b.People[3].DeviceKind = "room-1", string(hearing.Console)
		}},
		{"device_twice", "people[3].room_device", func(b *BookingBody) {
			b.People[0].RoomDevice, b.People[3].RoomDevice = "room-1", "room-1"
		}},
		{"bad_time", "starts_at", func(b *BookingBody) { b.StartsAt = "14/12/2026 08:00" }},
		{"bad_client", "people[4].client", func(b *BookingBody) { four := 4; b.People[4].Client = &four }},
	} {
		b := w.good("1/2026/TLST-HS", month)
		c.change(&b)
		a := w.check(b)
		require.True(t, has(a.Refusals, c.code, c.field), "%s %s: %v", c.code, c.field, a.Refusals)
		for _, f := range append(a.Refusals, a.Warnings...) {
			require.NotEmpty(t, f.Vi)
			require.NotEmpty(t, f.En)
		}
	}
}

// To know the id of another unit's room device is no right to book it: that unit
// lends it to the court, and only at a point of that unit.
func TestARoomDeviceOfAnotherUnitIsLent(t *testing.T) {
	w := startWorld(t)
	b := w.good("1/2026/TLST-HS", month)
	b.Points[1].Unit = "detention-1"
	b.People[3].RoomDevice = "room-detention"
	b.People[3].DeviceKind = string(hearing.RoomClient)
	unknown := func() bool { return has(w.check(b).Refusals, "device_unknown", "people[3].room_device") }
	w.lent["room-detention"] = []court.UnitID{unitDN}
	require.True(t, unknown(), "lent to another court")
	w.lent["room-detention"] = []court.UnitID{unitDN, unitHN}
	require.Empty(t, w.check(b).Refusals)
	b.Points[1].Unit = ""
	require.True(t, unknown(), "at a point of another unit")
}

// Text that could show as another than it is gets nowhere, and is not repeated.
func TestHostileTextIsRefused(t *testing.T) {
	w := startWorld(t)
	for _, bad := range []string{
		"An\u202e nB", "An\u2066x\u2069", "An\u200bB", "A\u0000B", "A\nB", "A\u2028B", "\ufeffAn", "A\ue000", "A\ufffdB", "a\u0301\u0301\u0301\u0301\u0301", "A\u00adB", "\U000e0041",
	} {
		b := w.good("1/2026/TLST-HS", month)
		b.People[3].Name = "Nguyễn " + bad
		b.Case.Title = bad
		a := w.check(b)
		require.True(t, has(a.Refusals, "hostile_text", "people[3].name"), "%q %v", bad, a.Refusals)
		require.True(t, has(a.Refusals, "hostile_text", "case.title"), "%q", bad)
	}
	for _, good := range []string{"Nguyễn Thị Hồng Ánh", "Nguye\u0302\u0303n Thi\u0323", "H'Hen Niê", "Y-Phôn Ksor", "Lò Văn Pọm", "O’Connor", "Jean-Luc (Minh)", "王小明"} {
		b := w.good("1/2026/TLST-HS", month)
		b.People[3].Name = good
		require.Empty(t, w.check(b).Refusals, good)
	}
}

func TestLookAlikesAreWarnedOf(t *testing.T) {
	w := startWorld(t)
	for _, c := range []struct {
		one, other string
		alike      bool
	}{
		{"Nguyễn Văn An", "Nguyễn Văn An", true},
		{"Nguyễn Văn An", "NGUYỄN VĂN AN", true},
		{"Nguyễn Văn An", "Nguyen Van An", true},
		{"Nguyễn Văn An", "Nguye\u0302\u0303n Va\u0306n An", true},
		{"Trần Thị Hoà", "Trần Thị Hòa", true},
		{"Nguyễn Văn An", "Nguyễn Văn Аn", true}, // Cyrillic А
		{"Đỗ Minh", "Dô Мinh", true},             // Cyrillic М
		{"Lê Il", "Lê 1l", true},
		{"Nguyễn Văn An", "Nguyễn Văn Ánh", false},
		{"Nguyễn Văn An", "An Văn Nguyễn", false},
	} {
		b := w.good("1/2026/TLST-HS", month)
		b.People[3].Name, b.People[5].Name = c.one, c.other
		a := w.check(b)
		require.Empty(t, a.Refusals)
		require.Equal(t, c.alike, has(a.Warnings, "look_alike", "people[5].name"), "%s / %s", c.one, c.other)
	}
}

func TestWarnings(t *testing.T) {
	w := startWorld(t)
	b := w.good("45/2026", 3*24*time.Hour)
	b.People = b.People[:1]
	b.Points = b.Points[:1]
	a := w.check(b)
	require.Empty(t, a.Refusals)
	for _, f := range [][2]string{{"docket_form", "case.docket_no"}, {"notice", "starts_at"}, {"no_component", "points"}, {"no_clerk", "people"}, {"no_procurator", "people"}} {
		require.True(t, has(a.Warnings, f[0], f[1]), "%s %v", f[0], a.Warnings)
	}
}

// Rooms that overlap are warned of, beyond the unit too, but not what is held there.
func TestClashesOfRooms(t *testing.T) {
	w := startWorld(t)
	w.book(unitHN, w.good("1/2026/TLST-HS", month)) // 180 minutes
	other := w.good("2/2026/TLST-HS", month)
	other.Points[0].Name = "Phòng khác"
	w.book(unitDN, other)
	for _, c := range []struct {
		name    string
		after   time.Duration
		minutes int
		change  func(*BookingBody)
		clash   []string
	}{
		{"at once", 0, 60, nil, []string{"points[0]", "points[1]"}},
		{"in the last minute", 179 * time.Minute, 60, nil, []string{"points[0]", "points[1]"}},
		{"right after", 180 * time.Minute, 60, nil, nil},
		{"right before", -60 * time.Minute, 60, nil, nil},
		{"into it", -60 * time.Minute, 61, nil, []string{"points[0]", "points[1]"}},
		{"another room", 0, 60, func(b *BookingBody) { b.Points[0].Name = "Phòng xử án số 2" }, []string{"points[1]"}},
		{"the same words of another unit", 0, 60, func(b *BookingBody) { b.Points[1].Unit = "detention-2" }, []string{"points[0]"}},
	} {
		b := w.good("3/2026/TLST-HS", month+c.after)
		b.Minutes = c.minutes
		if c.change != nil {
			c.change(&b)
		}
		a := w.check(b)
		require.Empty(t, a.Refusals, c.name)
		for _, field := range []string{"points[0]", "points[1]"} {
			want := false
			for _, f := range c.clash {
				want = want || f == field
			}
			require.Equal(t, want, has(a.Warnings, "clash", field), "%s %s %v", c.name, field, a.Warnings)
		}
		text, err := json.Marshal(a)
		require.NoError(t, err)
		require.NotContains(t, string(text), "2/2026/TLST-HS", "of another court only that the room is taken")
	}
	again := w.check(w.good("1/2026/TLST-HS", month+48*time.Hour))
	require.True(t, has(again.Warnings, "docket_booked", "case.docket_no"))
}

// Names that differ in case, tone marks or composition have one skeleton, and a
// skeleton is its own.
func TestSkeletonLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOfN(rapid.RuneFrom([]rune("aăâbcdđeêghiklmnoôơpqrstuưvxyAĂÂĐÊÔƠƯ áàảãạấầ0135|")), 0, 30, -1).Draw(t, "name")
		s := skeleton(name)
		require.Equal(t, s, skeleton(strings.ToUpper(name)))
		require.Equal(t, s, skeleton(store.Fold(name)))
		require.Equal(t, s, skeleton(" "+name+"  "))
		require.Equal(t, s, skeleton(s))
	})
}

func TestBodiesAreStrict(t *testing.T) {
	w := startWorld(t)
	text, err := json.Marshal(w.good("1/2026/TLST-HS", month))
	require.NoError(t, err)
	good := string(text)
	for name, bad := range map[string]string{
		"empty":             "",
		"null":              "null",
		"key twice":         strings.Replace(good, `"minutes":180`, `"minutes":180,"minutes":180`, 1),
		"key twice, deep":   strings.Replace(good, `"capacity":"clerk"`, `"capacity":"clerk","capacity":"judge"`, 1),
		"key in other case": strings.Replace(good, `"minutes":180`, `"Minutes":180`, 1),
		"folded key":        strings.Replace(good, `"minutes"`, "\"minute\u017f\"", 1),
		"unknown key":       strings.Replace(good, `"minutes":180`, `"minutes":180,"unit":"unit-dn"`, 1),
		"proto":             strings.Replace(good, `"minutes":180`, `"minutes":180,"__proto__":{}`, 1),
		"text behind":       good + "{}",
		"wrong type":        strings.Replace(good, `"minutes":180`, `"minutes":"180"`, 1),
		"fraction":          strings.Replace(good, `"minutes":180`, `"minutes":1.5`, 1),
		"overflow":          strings.Replace(good, `"minutes":180`, `"minutes":1e400`, 1),
		"not utf-8":         strings.Replace(good, "1/2026", "\xff", 1),
		"deep":              strings.Repeat("[", 100000),
		"array":             "[" + good + "]",
	} {
		a := w.do(login(store.RoleClerk, unitHN), http.MethodPost, "/api/v1/hearings/check", []byte(bad))
		if name == "null" {
			require.Equal(t, http.StatusOK, a.status)
			require.NotEmpty(t, read[CheckAnswer](t, a).Refusals)
			continue
		}
		require.Equal(t, http.StatusBadRequest, a.status, "%s: %s", name, a.body)
		require.NotContains(t, string(a.body), "Nguyễn", name)
	}
}
