package office

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// Bounds of a booking's fields, in characters or as named. Package hearing has
// its own, which are not narrower.
const (
	MaxDocket    = 100
	MaxFileCode  = 100
	MaxTitle     = 300
	MaxName      = hearing.MaxNameRunes
	MaxAlias     = hearing.MaxNameRunes
	MaxPointName = hearing.MaxNameRunes
	MaxLogin     = 100
	MaxPeople    = hearing.MaxPeople
	MaxPoints    = 20 // before the law's number is looked at
	MaxWarnings  = 30 // of one answer; with the longest texts they fit store.MaxNoteBytes
	MinMinutes   = 10
	MaxMinutes   = 1440
	MaxAhead     = 2 * 365 * 24 * time.Hour // how far ahead a hearing is booked
	MaxLate      = 15 * time.Minute         // how long ago it may have been due to start
)

// checked is a body that was looked at: tidied, and what was found.
type checked struct {
	*BookingBody
	startsAt   time.Time
	exclusions []court.Exclusion
	accounts   map[int]string // account id by index of the person
	refusals   []Finding
	warnings   []Finding
}

func (k *checked) refuse(f ...Finding) { k.refusals = append(k.refusals, f...) }

func (k *checked) no(field, code, vi, en string) {
	k.refuse(Finding{Code: code, Vi: vi, En: en, Field: field})
}

// warn keeps MaxWarnings: they are stored with the booking's key, and nobody reads
// hundreds. The last says that there are more.
func (k *checked) warn(field, code, vi, en string) {
	switch len(k.warnings) {
	case MaxWarnings:
		return
	case MaxWarnings - 1:
		field, code = "", "more_warnings"
		vi, en = "Còn nhiều điểm khác cần xem lại; danh sách bị cắt bớt.", "There is more to look at; the list was cut."
	}
	k.warnings = append(k.warnings, Finding{Code: code, Vi: vi, En: en, Field: field})
}

// examine looks at every field of a booking of the caller's unit. It tidies the
// body's texts in place. An error is of the database only.
func (o *Office) examine(ctx context.Context, c *call, b *BookingBody) (*checked, error) {
	k := &checked{BookingBody: b, accounts: map[int]string{}}
	if b.Visibility == "" {
		b.Visibility = string(hearing.Public)
	}
	k.checkCase()
	k.checkTime(c.now)
	k.checkExclusions()
	k.checkPoints()
	if len(b.People) > MaxPeople {
		k.no("people", "too_many_people", fmt.Sprintf("Một phiên tòa có không quá %d người trong danh sách.", MaxPeople),
			fmt.Sprintf("A hearing has at most %d people in its list.", MaxPeople))
		return k, nil // nothing below is worth the work
	}
	if err := o.checkAssessors(ctx, c, k); err != nil {
		return nil, err
	}
	k.checkPeople()
	k.checkDevices()
	k.checkLookAlikes()
	if err := o.checkSeats(ctx, c, k); err != nil {
		return nil, err
	}
	if len(k.refusals) > 0 {
		return k, nil
	}
	if err := o.checkCalendar(ctx, c, k); err != nil {
		return nil, err
	}
	// What the rules themselves would say, so that the check never promises more.
	_, _, booking, _, _ := k.build(plan{At: c.now.UnixMicro(), ID: probeID}, c.Unit, "")
	if _, ref := hearing.Decide(nil, hearing.Book{Booking: booking}, hearing.Actor{System: true}, c.now); ref != nil {
		k.refuse(Finding{Code: ref.Code, Vi: ref.Vi, En: ref.En})
	}
	return k, nil
}

// probeID stands for the hearing while the rules look at a booking.
const probeID = "00000000-0000-7000-8000-000000000000"

// docketForm is the usual form of a docket number (domain 8b); others exist.
const docketForm = `^\d{1,6}/(19|20)\d{2}/[A-ZĐ]{2,8}-[A-ZĐ]{2,8}$`

func (k *checked) checkCase() {
	k.refuse(checkText("case.docket_no", &k.Case.DocketNo, true, MaxDocket)...)
	k.refuse(checkText("case.e_file_code", &k.Case.EFileCode, false, MaxFileCode)...)
	k.refuse(checkText("case.title", &k.Case.Title, true, MaxTitle)...)
	if ok, err := regexp.MatchString(docketForm, k.Case.DocketNo); err == nil && !ok && k.Case.DocketNo != "" {
		k.warn("case.docket_no", "docket_form", "Số thụ lý thường có dạng 45/2026/TLST-HS.", "A docket number usually looks like 45/2026/TLST-HS.")
	}
	k.oneOf("procedure", k.Procedure, string(court.Criminal), string(court.Civil), string(court.Administrative))
	k.oneOf("instance", k.Instance, "first_instance", "appeal")
	k.oneOf("form", k.Form, string(hearing.Online), string(hearing.InPerson), string(hearing.Mixed))
	k.oneOf("visibility", k.Visibility, string(hearing.Public), string(hearing.ClosedDoors))
}

func (k *checked) oneOf(field, value string, known ...string) {
	if !slices.Contains(known, value) {
		k.no(field, "unknown_value", "Chưa chọn hoặc giá trị không có trong danh sách.", "Not chosen, or not one of the known values.")
	}
}

func (k *checked) checkTime(now time.Time) {
	if k.Minutes < MinMinutes || k.Minutes > MaxMinutes {
		k.no("minutes", "out_of_range", fmt.Sprintf("Thời lượng từ %d đến %d phút.", MinMinutes, MaxMinutes),
			fmt.Sprintf("The length is %d to %d minutes.", MinMinutes, MaxMinutes))
	}
	t, err := when(k.StartsAt)
	switch {
	case err != nil:
		k.no("starts_at", "bad_time", "Thời điểm phải theo RFC 3339, có múi giờ.", "A time of RFC 3339 with an offset is wanted.")
	case t.Before(now.Add(-MaxLate)):
		k.no("starts_at", "past", "Thời điểm mở phiên tòa đã qua.", "That time has passed.")
	case t.After(now.Add(MaxAhead)):
		k.no("starts_at", "too_far", "Thời điểm mở phiên tòa quá xa (hơn hai năm).", "That is more than two years ahead.")
	default:
		k.startsAt = t
		days := court.DefaultPolicy(court.Procedure(k.Procedure)).NoticeDays
		if k.Form != string(hearing.InPerson) && t.Before(now.AddDate(0, 0, days)) {
			k.warn("starts_at", "notice", fmt.Sprintf("Chưa đủ %d ngày để đánh giá điều kiện xét xử trực tuyến (TTLT 05/2021, Điều 3).", days),
				fmt.Sprintf("Fewer than %d days are left for the assessment of the online form (TTLT 05/2021, art. 3).", days))
		}
	}
}

// checkExclusions wants an answer to each question (NQ 33/2021/QH15 art. 1). A
// case with secrets of the state is never on this system, in any form; the two
// chapters only exclude the online form.
func (k *checked) checkExclusions() {
	for _, q := range []struct {
		field  string
		answer *bool
		is     court.Exclusion
		vi, en string
	}{
		{
			"exclusions.state_secret", k.Exclusions.StateSecret, court.StateSecret,
			"Vụ án có nội dung thuộc bí mật nhà nước không được đưa lên hệ thống này dưới bất kỳ hình thức nào (Nghị quyết 33/2021/QH15, Điều 1).",
			"A case with secrets of the state is never put on this system, in any form (Resolution 33/2021/QH15, art. 1).",
		},
		{
			"exclusions.chapter_xiii", k.Exclusions.ChapterXIII, court.ChapterXIII,
			"Tội phạm thuộc Chương XIII Bộ luật Hình sự không được xét xử trực tuyến (Nghị quyết 33/2021/QH15, Điều 1).",
			"Offences of chapter XIII of the Penal Code are not tried online (Resolution 33/2021/QH15, art. 1).",
		},
		{
			"exclusions.chapter_xxvi", k.Exclusions.ChapterXXVI, court.ChapterXXVI,
			"Tội phạm thuộc Chương XXVI Bộ luật Hình sự không được xét xử trực tuyến (Nghị quyết 33/2021/QH15, Điều 1).",
			"Offences of chapter XXVI of the Penal Code are not tried online (Resolution 33/2021/QH15, art. 1).",
		},
	} {
		switch {
		case q.answer == nil:
			k.no(q.field, "not_answered", "Chưa trả lời câu hỏi này.", "This question was not answered.")
		case *q.answer && (q.is == court.StateSecret || k.Form != string(hearing.InPerson)):
			k.exclusions = append(k.exclusions, q.is)
			k.no(q.field, "excluded_"+string(q.is), q.vi, q.en)
		}
	}
}

func (k *checked) checkPoints() {
	if len(k.Points) > MaxPoints {
		k.no("points", "too_many_points", fmt.Sprintf("Không quá %d điểm cầu.", MaxPoints), fmt.Sprintf("At most %d points.", MaxPoints))
		k.Points = k.Points[:MaxPoints]
	}
	central, component := 0, 0
	most := court.DefaultPolicy(court.Procedure(k.Procedure)).MaxComponentPoints
	for i := range k.Points {
		p := &k.Points[i]
		field := fmt.Sprintf("points[%d]", i)
		k.refuse(checkText(field+".name", &p.Name, true, MaxPointName)...)
		k.refuse(checkID(field+".unit", p.Unit, hearing.MaxIDBytes)...)
		switch p.Kind {
		case string(hearing.CentralPoint):
			central++
		case string(hearing.ComponentPoint):
			if component++; component == most+1 {
				k.no(field, "too_many_components", fmt.Sprintf("Phiên tòa trực tuyến có không quá %d điểm cầu thành phần (TTLT 05/2021, Điều 4).", most),
					fmt.Sprintf("An online hearing has at most %d component points (TTLT 05/2021, art. 4).", most))
			}
		default:
			k.oneOf(field+".kind", p.Kind)
		}
		for j := range i {
			if store.Fold(k.Points[j].Name) == store.Fold(p.Name) && k.Points[j].Unit == p.Unit {
				k.no(field+".name", "point_twice", "Điểm cầu này đã có trong danh sách.", "This point is listed already.")
			}
		}
	}
	if central != 1 {
		k.no("points", "one_central", "Phải có đúng một điểm cầu trung tâm (TTLT 05/2021, Điều 4).", "There has to be exactly one central point (TTLT 05/2021, art. 4).")
	}
	switch {
	case k.Form == string(hearing.InPerson) && component > 0:
		k.no("points", "in_person_component", "Phiên tòa trực tiếp chỉ có điểm cầu trung tâm.", "A hearing in person has the central point only.")
	case k.Form != string(hearing.InPerson) && component == 0:
		k.warn("points", "no_component", "Chưa có điểm cầu thành phần nào.", "There is no component point.")
	}
}

// checkLookAlikes warns of two people whom a clerk could take for each other.
func (k *checked) checkLookAlikes() {
	first := make(map[string]int, len(k.People))
	for i, p := range k.People {
		if p.Name == "" {
			continue
		}
		s := skeleton(p.Name)
		if j, twice := first[s]; twice {
			k.warn(fmt.Sprintf("people[%d].name", i), "look_alike",
				fmt.Sprintf("Họ tên dễ nhầm với người số %d trong danh sách.", j+1),
				fmt.Sprintf("The name is easily mistaken for that of person %d of the list.", j+1))
			continue
		}
		first[s] = i
	}
}

// checkSeats looks the officials and room devices up that take seats by themselves.
func (o *Office) checkSeats(ctx context.Context, c *call, k *checked) error {
	taken := map[string]bool{}
	for i, p := range k.People {
		field := fmt.Sprintf("people[%d]", i)
		if p.Account != "" {
			a, err := o.account(ctx, p.Account)
			switch {
			case errors.Is(err, store.ErrNotFound):
				k.no(field+".account", "account_unknown", "Không có tài khoản này hoặc tài khoản đã khóa.", "There is no such account, or it is disabled.")
			case err != nil:
				return err
			case taken["a:"+a.ID]:
				k.no(field+".account", "account_twice", "Tài khoản này đã được gán cho người khác.", "This account has another seat already.")
			default:
				k.checkRole(field+".account", court.Capacity(p.Capacity), a.Roles)
			}
			taken["a:"+a.ID], k.accounts[i] = true, a.ID
		}
		if err := o.checkEncoder(ctx, c, k, i, taken); err != nil {
			return err
		}
		if p.RoomDevice == "" {
			continue
		}
		wants := store.Computer
		if k.kind(i) == hearing.Viewer {
			wants = store.Wall
		}
		err := o.roomDevice(ctx, p.RoomDevice, wants, c.Unit, k.unitOf(p.Point))
		switch {
		case errors.Is(err, store.ErrNotFound):
			k.no(field+".room_device", "device_unknown",
				"Tòa án không có máy phòng xử án này, đơn vị của điểm cầu không cho Tòa án dùng máy này, hoặc máy đã bị thu hồi.",
				"The court does not have this room device, the unit of the point does not lend it to the court, or it is revoked.")
		case err != nil:
			return err
		case wants == store.Wall && !court.Capacity(p.Capacity).Watches():
			k.no(field+".capacity", "wall_public", "Màn hình theo dõi chỉ vào được chỗ của người tham dự phiên tòa hoặc nhà báo.",
				"A viewing wall takes the seat of the public only: an attendee's or a journalist's.")
		case wants == store.Computer && k.kind(i) != hearing.RoomClient:
			k.no(field+".device_kind", "device_kind", "Máy phòng xử án chỉ vào được chỗ của máy phòng xử án.",
				"A room device takes the seat of a room client only.")
		case taken["d:"+p.RoomDevice]:
			k.no(field+".room_device", "device_twice", "Thiết bị phòng này đã được gán.", "This room device has another seat already.")
		}
		taken["d:"+p.RoomDevice] = true
	}
	return nil
}

// checkEncoder: nobody has two microphones, so that whoever speaks into that of an
// encoder sits before a console; there they also check in.
func (o *Office) checkEncoder(ctx context.Context, c *call, k *checked, i int, taken map[string]bool) error {
	p := &k.People[i]
	if p.Encoder == "" {
		return nil
	}
	field := fmt.Sprintf("people[%d].encoder", i)
	err := o.roomDevice(ctx, p.Encoder, store.Encoder, c.Unit, k.unitOf(p.Point))
	switch {
	case errors.Is(err, store.ErrNotFound):
		k.no(field, "device_unknown",
			"Tòa án không có bộ mã hóa này, đơn vị của điểm cầu không cho Tòa án dùng, hoặc bộ mã hóa đã bị thu hồi.",
			"The court does not have this encoder, the unit of the point does not lend it to the court, or it is revoked.")
	case err != nil:
		return err
	case k.kind(i) != hearing.Console:
		k.no(field, "encoder_console", "Bộ mã hóa đi cùng bàn điều khiển của người ngồi trước máy quay.",
			"An encoder goes with the console of whoever sits before its camera.")
	case taken["d:"+p.Encoder]:
		k.no(field, "device_twice", "Thiết bị phòng này đã được gán.", "This room device has another seat already.")
	}
	taken["d:"+p.Encoder] = true
	return nil
}

func (o *Office) account(ctx context.Context, login string) (store.Account, error) {
	if o.p.Directory == nil || login == "" {
		return store.Account{}, store.ErrNotFound
	}
	a, err := o.p.Directory.AccountByLogin(ctx, strings.ToLower(login))
	if err != nil {
		return store.Account{}, err
	}
	if a.Disabled {
		return store.Account{}, store.ErrNotFound
	}
	return a, nil
}

// unitOf is the unit that a point names, empty for the court's own.
func (k *checked) unitOf(point int) court.UnitID {
	if point >= len(k.Points) {
		return ""
	}
	return court.UnitID(k.Points[point].Unit)
}

// roomDevice gives store.ErrNotFound unless an enrolled device of this kind stands: of
// the court, or of the point's unit, which lends it to the court. Any other is answered
// like none at all: to know its id is no right to use it.
func (o *Office) roomDevice(ctx context.Context, id string, kind store.DeviceKind, own, point court.UnitID) error {
	if o.p.Directory == nil {
		return store.ErrNotFound
	}
	d, err := o.p.Directory.RoomDevice(ctx, id)
	if err != nil {
		return err
	}
	if d.Revoked || cmp.Or(d.Kind, store.Computer) != kind || (d.Unit != own && d.Unit != unitOr(point, own)) {
		return store.ErrNotFound
	}
	if d.Unit == own {
		return nil
	}
	courts, err := o.p.Directory.RoomDeviceCourts(ctx, id)
	if err == nil && !slices.Contains(courts, own) {
		err = store.ErrNotFound
	}
	return err
}

// checkAssessors gives the assessors of a military court their own capacity, as a case
// system may know only the one, and refuses it elsewhere.
func (o *Office) checkAssessors(ctx context.Context, c *call, k *checked) error {
	own, err := o.unit(ctx, c.Unit)
	if err != nil {
		return err
	}
	for i := range k.People {
		p := &k.People[i]
		p.Capacity = string(court.Capacity(p.Capacity).In(own.Kind))
		if p.Capacity == string(court.MilitaryAssessor) && !court.Military(own.Kind) {
			k.no(fmt.Sprintf("people[%d].capacity", i), "military_only", "Hội thẩm quân nhân chỉ tham gia xét xử tại Tòa án quân sự.",
				"Military lay assessors sit in military courts only.")
		}
	}
	return nil
}

// checkCalendar warns of the same case booked twice and of rooms that are taken.
// Detention rooms serve many courts, so the question goes beyond the unit; of a
// hearing elsewhere only "taken" is told.
func (o *Office) checkCalendar(ctx context.Context, c *call, k *checked) error {
	h, err := o.p.Store.HearingByDocket(ctx, c.Scope, c.Unit, k.Case.DocketNo)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err == nil && h.ID != c.replaces {
		infos, err := o.p.Store.HearingInfos(ctx, c.Scope, []string{h.ID})
		if err != nil {
			return err
		}
		if len(infos) == 0 || !hearing.Status(infos[0].Status).Over() {
			k.warn("case.docket_no", "docket_booked", "Vụ án này đã có lịch xét xử chưa kết thúc.", "This case has a hearing that is not over.")
		}
	}
	from, to := k.startsAt.Add(-MaxMinutes*time.Minute), k.startsAt.Add(time.Duration(k.Minutes)*time.Minute)
	near, err := o.p.Store.Hearings(ctx, court.SystemScope(), from.UnixMicro(), to.UnixMicro())
	if err != nil {
		return err
	}
	ids := make([]string, len(near))
	starts := make(map[string]store.Hearing, len(near))
	for i, n := range near {
		ids[i], starts[n.ID] = n.ID, n
	}
	infos, err := o.p.Store.HearingInfos(ctx, court.SystemScope(), ids)
	if err != nil {
		return err
	}
	for _, i := range infos {
		other := starts[i.Hearing]
		end := time.UnixMicro(other.StartsAt).Add(time.Duration(i.Minutes) * time.Minute)
		if end.After(k.startsAt) && !hearing.Status(i.Status).Over() && i.Hearing != c.replaces {
			k.clashes(c, other, i)
		}
	}
	return nil
}

func (k *checked) clashes(c *call, other store.Hearing, i store.HearingInfo) {
	for n, mine := range k.Points {
		for _, theirs := range i.Points {
			if unitOr(court.UnitID(mine.Unit), c.Unit) != unitOr(theirs.Unit, other.Unit) || store.Fold(mine.Name) != store.Fold(theirs.Name) {
				continue
			}
			vi, en := "Phòng này đã có lịch của Tòa án khác vào giờ đó.", "This room is taken by another court at that time."
			if c.Scope.Covers(other.Unit) {
				vi = "Phòng này đã có lịch vào giờ đó: " + other.DocketNo + "."
				en = "This room is taken at that time: " + other.DocketNo + "."
			}
			k.warn(fmt.Sprintf("points[%d]", n), "clash", vi, en)
		}
	}
}

func unitOr(u, or court.UnitID) court.UnitID {
	if u == "" {
		return or
	}
	return u
}
