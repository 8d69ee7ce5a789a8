package office

import (
	"net/http"
	"slices"
	"strings"

	"phientoa/internal/auth"
	"phientoa/internal/store"
)

// Route is one operation. The mux, the sweep of permissions and the OpenAPI
// document are all made from the same table.
type Route struct {
	Method string
	Path   string
	// Roles of which the caller needs one; none: nobody gets through.
	Roles []store.Role
	// Right that a service's token needs beside the role; empty: no service gets through.
	Right auth.Right
	// Fresh: a fresh proof of who one is, for what cannot be undone.
	Fresh bool
	// Public: no signing in.
	Public bool
	// Name of the operation, unique.
	Name   string
	Vi, En string // summaries
	// About says more, in English.
	About  string
	Query  []Parameter
	Header []Parameter
	In     any // zero value of the body's type; nil: none
	// InExample and OutExample stand in the document.
	InExample any
	Out       any // zero value of the answer's type; nil: 204, or Binary
	// Binary is the media type of an answer that is a file.
	Binary     string
	OutExample any
	Status     int
	// Problems beside those of every route.
	Problems []int

	handle func(*Office, *call) (any, error)
}

// Parameter of a query or header.
type Parameter struct {
	Name     string
	Required bool
	About    string
	Format   string // "date-time" or empty
	Max      int    // characters; 0: not stated
	Example  string
}

// pattern is the route for http.ServeMux. A docket number contains slashes; both
// those and %2F are taken.
func (r Route) pattern() string { return strings.Replace(r.Path, "{docket}", "{docket...}", 1) }

// Groups of roles.
func courtRoles() []store.Role {
	return []store.Role{store.RoleJudge, store.RoleChiefJudge, store.RoleClerk}
}

func calendarRoles() []store.Role {
	return []store.Role{
		store.RoleJudge, store.RoleChiefJudge, store.RoleClerk, store.RoleOperator, store.RolePointOfficer, store.RoleProcurator,
	}
}

// persons are all roles that people hold.
func persons() []store.Role {
	return []store.Role{
		store.RoleJudge, store.RoleChiefJudge, store.RoleClerk, store.RoleOperator, store.RoleAdmin, store.RoleAuditor,
		store.RoleArchivist, store.RoleProcurator, store.RoleProcuracyHead, store.RoleProcuracyDeputy, store.RolePointOfficer,
	}
}

func anybody() []store.Role { return append(persons(), store.RoleService) }

func operations() []store.Role {
	return []store.Role{store.RoleOperator, store.RoleChiefJudge, store.RoleClerk}
}

// Routes is everything that this package answers.
func Routes() []Route {
	return slices.Concat(calendarRoutes(), bookingRoutes(), operationRoutes(), oversightRoutes(), wallRoutes(), archiveRoutes(), coverageRoutes(), lgspRoutes(), delegationRoutes(), noteRoutes())
}

// allows tells whether the caller may ask at all. A service may by its token alone,
// and only what that token names; the role of a service signed in as a person is
// none.
func (r Route) allows(who auth.Official) bool {
	return slices.ContainsFunc(r.Roles, func(role store.Role) bool {
		if role == store.RoleService {
			return r.Right != "" && slices.Contains(who.Rights, r.Right)
		}
		return who.Token == "" && who.Has(role)
	})
}

func calendarRoutes() []Route {
	return []Route{
		{
			Method: http.MethodGet, Path: "/api/v1/openapi.json", Public: true, Name: "openapi",
			Vi: "Tài liệu này", En: "This document", Status: http.StatusOK, Out: map[string]any{}, OutExample: map[string]any{"openapi": "3.1.0"},
			handle: func(o *Office, _ *call) (any, error) { return o.document(), nil },
		},
		{
			Method: http.MethodGet, Path: "/api/v1/hearings", Roles: calendarRoles(), Name: "calendar",
			Vi: "Lịch xét xử của đơn vị", En: "Calendar of the unit",
			About: "Hearings of the caller's unit that start in [from, to), and those in which the caller's account has a seat.",
			Query: []Parameter{
				{Name: "from", Required: true, Format: "date-time", About: "Inclusive", Example: "2026-11-23T00:00:00+07:00"},
				{Name: "to", Required: true, Format: "date-time", About: "Exclusive; at most 31 days after from", Example: "2026-11-30T00:00:00+07:00"},
			},
			Out: CalendarAnswer{}, OutExample: CalendarAnswer{Hearings: []HearingItem{exampleItem()}}, Status: http.StatusOK, Problems: []int{400},
			handle: (*Office).calendar,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/hearings/{id}", Roles: calendarRoles(), Name: "hearing",
			Vi: "Một phiên tòa, không có họ tên", En: "One hearing, without names of its people",
			Out: HearingAnswer{}, OutExample: exampleHearing(), Status: http.StatusOK, Problems: []int{404},
			handle: (*Office).one,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/hearings/{id}/people", Roles: courtRoles(), Name: "people",
			Vi: "Những người tham gia phiên tòa, có họ tên", En: "The people of a hearing, with names",
			About: "Each reading is noted in the court's access log.",
			Out:   PeopleAnswer{}, OutExample: examplePeople(), Status: http.StatusOK, Problems: []int{404},
			handle: (*Office).people,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/search", Roles: append(courtRoles(), store.RoleArchivist), Name: "search",
			Vi: "Tìm theo số thụ lý, mã hồ sơ điện tử, tên vụ án", En: "Search by docket number, e-file code or title",
			About: "With or without diacritics and case; every word has to occur (at most 8 count). The latest first, at most 100. Titles hold names of parties: what is looked for stands in the body, where no log of addresses keeps it.",
			In:    SearchBody{}, InExample: SearchBody{Q: "tranh chap dat"},
			Out: CalendarAnswer{}, OutExample: CalendarAnswer{Hearings: []HearingItem{exampleItem()}}, Status: http.StatusOK, Problems: []int{400, 413, 415},
			handle: (*Office).search,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/units", Roles: anybody(), Right: auth.RightUnits, Name: "units",
			Vi: "Các đơn vị trong phạm vi", En: "The units within reach",
			Out: UnitsAnswer{}, OutExample: UnitsAnswer{Units: []UnitItem{{ID: "unit-hn", Kind: "court.regional", Name: "Tòa án nhân dân khu vực 1 – Hà Nội", Own: true}}},
			Status: http.StatusOK, handle: (*Office).units,
		},
	}
}

func bookingRoutes() []Route {
	key := Parameter{Name: "Idempotency-Key", Required: true, Max: 64, About: "8 to 64 letters, digits or - _ . :; kept for 24 h. The same key and body give the same answer, another body 409.", Example: "0193f2a0-5e0c-7a3b"}
	return []Route{
		{
			Method: http.MethodPost, Path: "/api/v1/hearings", Roles: []store.Role{store.RoleClerk, store.RoleJudge}, Name: "book",
			Vi: "Lập lịch phiên tòa", En: "Book a hearing", Header: []Parameter{key},
			In: BookingBody{}, InExample: exampleBooking(), Out: BookedAnswer{}, OutExample: exampleBooked(), Status: http.StatusCreated,
			Problems: []int{400, 409, 413, 415, 422}, handle: (*Office).book,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/hearings/check", Roles: []store.Role{store.RoleClerk, store.RoleJudge}, Name: "check",
			Vi: "Kiểm tra trước khi lập lịch", En: "What booking this would be told", About: "Changes nothing.",
			In: BookingBody{}, InExample: exampleBooking(), Out: CheckAnswer{}, OutExample: exampleCheck(), Status: http.StatusOK,
			Problems: []int{400, 413, 415}, handle: (*Office).check,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/hearings/{id}/cancel", Roles: []store.Role{store.RoleClerk, store.RoleJudge}, Name: "cancel",
			Vi: "Hủy lịch phiên tòa chưa mở", En: "Cancel a hearing that was not opened",
			About: "Who waits in it is told. A hearing that was cancelled before is left as it is.",
			In:    CancelBody{}, InExample: CancelBody{Reason: "Vụ án được đình chỉ"}, Status: http.StatusNoContent,
			Problems: []int{400, 404, 409, 413, 415}, handle: (*Office).cancel,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/hearings/{id}/move", Roles: []store.Role{store.RoleClerk, store.RoleJudge}, Name: "move",
			Vi: "Đổi ngày, giờ phiên tòa chưa mở", En: "Move a hearing that was not opened", Header: []Parameter{key},
			About: "Books the same people and points for another time and cancels the hearing that stood. The new one has an id and invitations of its own.",
			In:    MoveBody{}, InExample: MoveBody{StartsAt: "2026-12-21T08:00:00+07:00", Reason: "Người bào chữa đề nghị đổi ngày"},
			Out: MovedAnswer{}, OutExample: exampleMoved(), Status: http.StatusCreated,
			Problems: []int{400, 404, 409, 413, 415, 422}, handle: (*Office).move,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/hearings/{id}/invitations", Roles: []store.Role{store.RoleClerk}, Name: "invite",
			Vi: "Tạo giấy mời cho một người", En: "Make an invitation for a person",
			About: "The code goes by a second channel. Both are shown once.",
			In:    InvitationBody{}, InExample: InvitationBody{Person: "01935b1e-6f00-7c11-9d3a-000000000002"},
			Out: InvitationAnswer{}, OutExample: exampleInvitation(), Status: http.StatusCreated,
			Problems: []int{400, 404, 409, 415}, handle: (*Office).invite,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/hearings/{id}/enter", Roles: persons(), Name: "enter",
			Vi: "Vào chỗ của mình trong phiên tòa", En: "Enter one's own seat of a hearing",
			About: "Answers with the seat's cookie. The seat may be of a hearing of another unit.",
			In:    EnterBody{}, InExample: EnterBody{}, Out: EnterAnswer{}, OutExample: EnterAnswer{Person: "01935b1e-6f00-7c11-9d3a-000000000001", Device: "01935b1e-6f00-7c11-9d3a-000000000101"},
			Status: http.StatusOK, Problems: []int{400, 404, 409, 415}, handle: (*Office).enter,
		},
		{
			Method: http.MethodPut, Path: "/api/v1/import/hearings/{unit}/{docket}", Roles: []store.Role{store.RoleService}, Right: auth.RightImport, Name: "import",
			Vi: "Đưa lịch xét xử từ hệ thống quản lý án", En: "Import a hearing from a case system",
			About: "Idempotent: the same content again is \"unchanged\". Changed before anybody began to prepare it, the hearing is cancelled and booked anew (\"replaced\"); once that began, 409. The slashes of the docket number are written %2F.",
			In:    BookingBody{}, InExample: exampleBooking(), Out: ImportAnswer{}, OutExample: ImportAnswer{ID: exampleID, DocketNo: exampleDocket, Result: "created", Warnings: []Finding{}},
			Status: http.StatusOK, Problems: []int{400, 404, 409, 413, 415, 422}, handle: (*Office).importHearing,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/import/hearings/{unit}", Roles: []store.Role{store.RoleService}, Right: auth.RightImport, Name: "import_list",
			Vi: "Đưa nhiều phiên tòa từ hệ thống quản lý án", En: "Import several hearings from a case system",
			About: "At most 50, one after the other as the operation for one does; the answer tells of each what became of it. Sending the same list again changes nothing.",
			In:    ImportListBody{}, InExample: ImportListBody{Hearings: []BookingBody{exampleBooking()}}, Out: ImportListAnswer{}, OutExample: exampleRows(),
			Status: http.StatusOK, Problems: []int{400, 404, 413, 415}, handle: (*Office).importList,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/import/status", Roles: []store.Role{store.RoleService, store.RoleClerk}, Right: auth.RightStatus, Name: "import_status",
			Vi: "Trạng thái của phiên tòa đã đưa vào", En: "Where an imported hearing stands",
			Query: []Parameter{{Name: "docket", Required: true, Max: MaxDocket, About: "Docket number, within the caller's unit", Example: exampleDocket}},
			Out:   ImportStatusAnswer{}, OutExample: exampleStatus(), Status: http.StatusOK, Problems: []int{400, 404}, handle: (*Office).importStatus,
		},
	}
}

func operationRoutes() []Route {
	return []Route{
		{
			Method: http.MethodGet, Path: "/api/v1/operations/live", Roles: operations(), Name: "live",
			Vi: "Các phiên tòa đang mở", En: "Hearings that are open now", About: "Without media and without names.",
			Out: LiveAnswer{}, OutExample: exampleLive(), Status: http.StatusOK, handle: (*Office).live,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/alarms", Roles: operations(), Name: "alarms",
			Vi: "Các cảnh báo cần xử lý", En: "Alarms to look after", About: "Those not done, and those done within 24 hours; the latest first.",
			Out: AlarmsAnswer{}, OutExample: exampleAlarms(), Status: http.StatusOK, handle: (*Office).alarms,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/alarms/{id}/take", Roles: []store.Role{store.RoleOperator, store.RoleClerk}, Name: "take_alarm",
			Vi: "Nhận xử lý cảnh báo", En: "Take an alarm", In: Empty{}, InExample: Empty{}, Status: http.StatusNoContent,
			Problems: []int{400, 404, 409, 415}, handle: (*Office).takeAlarm,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/alarms/{id}/done", Roles: []store.Role{store.RoleOperator, store.RoleClerk}, Name: "done_alarm",
			Vi: "Đã xử lý xong cảnh báo", En: "Settle an alarm", In: Empty{}, InExample: Empty{}, Status: http.StatusNoContent,
			Problems: []int{400, 404, 409, 415}, handle: (*Office).doneAlarm,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/hearings/{id}/tests", Roles: append(courtRoles(), store.RoleOperator), Name: "tests",
			Vi: "Lịch sử kiểm tra thiết bị của phiên tòa", En: "History of a hearing's tests", About: "Made from the hearing's log; the latest first, at most 200.",
			Out: TestsAnswer{}, OutExample: exampleTests(), Status: http.StatusOK, Problems: []int{404}, handle: (*Office).tests,
		},
	}
}
