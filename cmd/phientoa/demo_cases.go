package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// role is a seat of a demonstration hearing that a person may take by a click.
type role struct {
	key      string // subdomain
	capacity court.Capacity
	name     string
	point    string // id of a point, or free text in the plain case
	vi, en   string

	device   hearing.DeviceKind // empty: a desk client
	private  bool               // has a headset
	required bool
	client   string // key of whom a counsel acts for
}

// demoCase is one kind of demonstration hearing.
type demoCase struct {
	procedure court.Procedure
	docket    string
	title     string
	points    []hearing.Point
	roles     []role
}

const (
	centralName   = "Phòng xử án"
	detentionName = "Trại tạm giam Công an thành phố"
)

// demoCases are the kinds by the name of --case.
func demoCases() map[string]demoCase {
	return map[string]demoCase{"plain": plainCase(), "criminal": criminalCase(), "civil": civilCase()}
}

// plainCase has no order of business: the smallest hearing that there is.
func plainCase() demoCase {
	return demoCase{
		docket: "45/2026/TLST-HS", title: "Phiên tòa hình sự sơ thẩm (trình diễn)",
		roles: []role{
			{key: "judge", capacity: court.PresidingJudge, name: "Nguyễn Thị Minh Hạnh", point: centralName, vi: "Chủ tọa phiên tòa", en: "Presiding judge"},
			{key: "clerk", capacity: court.Clerk, name: "Lê Quốc Bảo", point: centralName, vi: "Thư ký phiên tòa", en: "Clerk"},
			{key: "procurator", capacity: court.Procurator, name: "Trần Văn Đức", point: "Viện kiểm sát", vi: "Kiểm sát viên", en: "Procurator"},
			{key: "counsel", capacity: court.DefenceCounsel, name: "Phạm Thu Trang", point: "Văn phòng luật sư", vi: "Người bào chữa", en: "Defence counsel"},
			{key: "party", capacity: court.Defendant, name: "Hoàng Văn Nam", point: "Trại tạm giam", vi: "Bị cáo", en: "Defendant"},
			{key: "witness", capacity: court.Witness, name: "Đặng Thị Lan", point: "Điểm cầu người làm chứng", vi: "Người làm chứng", en: "Witness"},
		},
	}
}

// criminalCase is that of journey J1 without the protected witness.
func criminalCase() demoCase {
	return demoCase{
		procedure: court.Criminal, docket: "45/2026/TLST-HS", title: "Phiên tòa hình sự sơ thẩm (trình diễn)",
		points: []hearing.Point{
			{ID: "P0", Kind: hearing.CentralPoint, Name: centralName},
			{ID: "P1", Kind: hearing.ComponentPoint, Name: detentionName, Unit: "demo-detention", Detention: true},
			{ID: "P2", Kind: hearing.ComponentPoint, Name: "Điểm cầu người làm chứng"},
		},
		roles: []role{
			{key: "judge", capacity: court.PresidingJudge, name: "Nguyễn Thị Minh Hạnh", point: "P0", vi: "Chủ tọa phiên tòa", en: "Presiding judge"},
			{key: "assessor", capacity: court.LayAssessor, name: "Vũ Đình Thọ", point: "P0", vi: "Hội thẩm nhân dân", en: "Lay assessor"},
			{key: "clerk", capacity: court.Clerk, name: "Lê Quốc Bảo", point: "P0", vi: "Thư ký phiên tòa", en: "Clerk"},
			{key: "procurator", capacity: court.Procurator, name: "Trần Văn Đức", point: "P0", vi: "Kiểm sát viên", en: "Procurator", required: true},
			{key: "counsel", capacity: court.DefenceCounsel, name: "Phạm Thu Trang", point: "P0", vi: "Người bào chữa", en: "Defence counsel", private: true, client: "party"},
			{key: "party", capacity: court.Defendant, name: "Hoàng Văn Nam", point: "P1", vi: "Bị cáo", en: "Defendant", private: true, required: true},
			{key: "officer", capacity: court.DetentionOfficer, name: "Đỗ Văn Hùng", point: "P1", vi: "Cán bộ hỗ trợ điểm cầu", en: "Detention officer", device: hearing.Console},
			{key: "witness", capacity: court.Witness, name: "Đặng Thị Lan", point: "P2", vi: "Người làm chứng", en: "Witness"},
			{key: "public", capacity: court.Attendee, name: "Người tham dự", point: "P0", vi: "Người tham dự (chỉ xem)", en: "Public (watching only)", device: hearing.Viewer},
		},
	}
}

// civilCase is that of journey J2.
func civilCase() demoCase {
	return demoCase{
		procedure: court.Civil, docket: "12/2026/TLST-DS", title: "Phiên tòa dân sự sơ thẩm (trình diễn)",
		points: []hearing.Point{
			{ID: "P0", Kind: hearing.CentralPoint, Name: centralName},
			{ID: "P1", Kind: hearing.ComponentPoint, Name: "Tòa án nhân dân khu vực 5", Unit: "demo-court-5"},
			{ID: "P2", Kind: hearing.ComponentPoint, Name: "Văn phòng của bị đơn"},
		},
		roles: []role{
			{key: "judge", capacity: court.PresidingJudge, name: "Nguyễn Thị Minh Hạnh", point: "P0", vi: "Chủ tọa phiên tòa", en: "Presiding judge"},
			{key: "assessor", capacity: court.LayAssessor, name: "Vũ Đình Thọ", point: "P0", vi: "Hội thẩm nhân dân", en: "Lay assessor"},
			{key: "clerk", capacity: court.Clerk, name: "Lê Quốc Bảo", point: "P0", vi: "Thư ký phiên tòa", en: "Clerk"},
			{key: "counsel", capacity: court.RightsProtector, name: "Phạm Thu Trang", point: "P0", vi: "Người bảo vệ quyền của nguyên đơn", en: "Plaintiff's counsel", private: true, client: "plaintiff"},
			{key: "plaintiff", capacity: court.Plaintiff, name: "Hoàng Văn Nam", point: "P1", vi: "Nguyên đơn", en: "Plaintiff", private: true, required: true},
			{key: "officer", capacity: court.PointOfficer, name: "Đỗ Văn Hùng", point: "P1", vi: "Công chức hỗ trợ điểm cầu", en: "Point officer", device: hearing.Console},
			{key: "respondent", capacity: court.Respondent, name: "Đặng Thị Lan", point: "P2", vi: "Bị đơn", en: "Respondent", required: true},
			{key: "public", capacity: court.Attendee, name: "Người tham dự", point: "P0", vi: "Người tham dự (chỉ xem)", en: "Public (watching only)", device: hearing.Viewer},
		},
	}
}

// allRoles are the roles of all cases: each has a host of its own.
func allRoles() []role {
	var list []role
	for _, c := range demoCases() {
		list = append(list, c.roles...)
	}
	return list
}

// pointID names the seat of a simulated point.
func pointID(i int) string { return fmt.Sprintf("point-%02d", i+1) }

// seatID names a person of a demonstration hearing; their device is "d-" + it.
func seatID(hearingID, key string) string { return hearingID[len(hearingID)-12:] + "-" + key }

// demoHearing makes up a hearing of the kind with every role and n simulated points.
func demoHearing(kind string, now time.Time, n int) (store.Hearing, []store.PersonName, hearing.Booking, error) {
	var none store.Hearing
	c, ok := demoCases()[kind]
	if !ok {
		return none, nil, hearing.Booking{}, fmt.Errorf("no case %q", kind)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return none, nil, hearing.Booking{}, err
	}
	var room [16]byte
	if _, err := rand.Read(room[:]); err != nil {
		return none, nil, hearing.Booking{}, err
	}
	h := store.Hearing{
		ID: id.String(), Room: hex.EncodeToString(room[:]), Unit: demoUnit, Demo: true,
		DocketNo: c.docket, Title: c.title, StartsAt: now.UnixMicro(),
	}
	b := hearing.Booking{
		Hearing: hearing.ID(h.ID), Unit: h.Unit, Court: demoCourt,
		DocketNo: h.DocketNo, Title: h.Title, StartsAt: h.StartsAt, Demo: true,
		Procedure: c.procedure, Points: c.points,
	}
	if c.procedure != "" {
		policy := court.DefaultPolicy(c.procedure)
		policy.NoticeDays = 0 // a demonstration is booked when it begins
		b.Policy, b.Minutes = &policy, 120
	}
	var names []store.PersonName
	for _, r := range append(c.roles, simulatedPoints(c, n)...) {
		seat(&b, &names, r)
	}
	return h, names, b, nil
}

const (
	demoUnit  = "demo-court"
	demoCourt = "Tòa án nhân dân khu vực 3 – Đà Nẵng"

	demoProcuracy     = "demo-procuracy"
	demoProcuracyName = "Viện kiểm sát nhân dân khu vực 3 – Đà Nẵng"
)

// seat adds a role with a device of its own.
func seat(b *hearing.Booking, names *[]store.PersonName, r role) {
	person := seatID(string(b.Hearing), r.key)
	p := hearing.Person{
		ID: hearing.PersonID(person), Capacity: r.capacity, Alias: r.vi, Point: r.point, Required: r.required,
	}
	if b.Procedure == "" {
		p.Alias = r.point
	}
	if r.client != "" {
		p.Client = hearing.PersonID(seatID(string(b.Hearing), r.client))
	}
	kind := r.device
	if kind == "" {
		kind = hearing.DeskClient
	}
	b.People = append(b.People, p)
	b.Devices = append(b.Devices, hearing.Device{
		ID: hearing.DeviceID("d-" + person), Kind: kind, People: []hearing.PersonID{p.ID}, Private: r.private,
	})
	*names = append(*names, store.PersonName{Person: person, Name: r.name, Hearing: string(b.Hearing)})
}

// simulatedPoints are further seats that join by themselves, in hearings with
// points at the last of them.
func simulatedPoints(c demoCase, n int) []role {
	kinds := []court.Capacity{court.Victim, court.RelatedParty, court.Interpreter, court.Respondent}
	list := make([]role, 0, n)
	for i := range n {
		r := role{
			key: pointID(i), capacity: kinds[i%len(kinds)], name: fmt.Sprintf("Điểm cầu mô phỏng %d", i+1),
			point: fmt.Sprintf("Điểm cầu %d", i+1), vi: fmt.Sprintf("Điểm cầu %d", i+1),
		}
		if len(c.points) > 0 {
			r.point = c.points[len(c.points)-1].ID
		}
		list = append(list, r)
	}
	return list
}
