package office

import "time"

// Bodies of requests and answers. Their tags make the OpenAPI document; maxLength
// counts characters. What they may contain is checked in check.go and text.go,
// and a test holds both against each other.

// CaseBody names the case.
type CaseBody struct {
	DocketNo  string `json:"docket_no" minLength:"1" maxLength:"100" doc:"Số thụ lý, for instance 45/2026/TLST-HS"`
	EFileCode string `json:"e_file_code,omitempty" maxLength:"100" doc:"Mã hồ sơ điện tử"`
	Title     string `json:"title" minLength:"1" maxLength:"300" doc:"Tên vụ án, vụ việc"`
}

// ExclusionsBody answers the three questions of the eligibility check (NQ
// 33/2021/QH15 art. 1). All three have to be answered.
type ExclusionsBody struct {
	StateSecret *bool `json:"state_secret" doc:"The case contains secrets of the state"`
	ChapterXIII *bool `json:"chapter_xiii" doc:"An offence of chapter XIII of the Penal Code"`
	ChapterXXVI *bool `json:"chapter_xxvi" doc:"An offence of chapter XXVI of the Penal Code"`
}

// PointBody is a room that takes part. The server makes its id.
type PointBody struct {
	Kind      string `json:"kind" enum:"central,component" doc:"Điểm cầu trung tâm, điểm cầu thành phần"`
	Name      string `json:"name" minLength:"1" maxLength:"100"`
	Unit      string `json:"unit,omitempty" maxLength:"64" doc:"Id of the court or detention facility that runs the room; empty: the booking unit"`
	Detention bool   `json:"detention,omitempty" doc:"A room of a detention facility"`
}

// PersonBody is somebody who takes part, with the device they sit before.
type PersonBody struct {
	Name       string `json:"name" minLength:"1" maxLength:"100" doc:"Stands in the table of names only"`
	Capacity   string `json:"capacity" doc:"Tư cách tố tụng, by the identifiers of the glossary"`
	Alias      string `json:"alias,omitempty" maxLength:"100" doc:"Shown where the name may not be; empty: made from the capacity"`
	Point      int    `json:"point" minimum:"0" doc:"Index into points"`
	Minor      bool   `json:"minor,omitempty" doc:"Under 18"`
	Required   bool   `json:"required,omitempty" doc:"The hearing cannot go on without them"`
	Client     *int   `json:"client,omitempty" minimum:"0" doc:"Index into people: whom a counsel or interpreter acts for"`
	Account    string `json:"account,omitempty" maxLength:"100" doc:"Login of the official who takes this seat without an invitation"`
	RoomDevice string `json:"room_device,omitempty" maxLength:"64" doc:"Id of the enrolled room device, of the court or of the point's unit, that takes this seat; of those who only watch a viewing wall (WHEP)"`
	Encoder    string `json:"encoder,omitempty" maxLength:"64" doc:"Id of the enrolled encoder that sends picture and sound of whoever sits before a console (WHIP)"`
	DeviceKind string `json:"device_kind,omitempty" enum:"room_client,console,desk_client,viewer" doc:"Empty: for those who only watch viewer, else room_client with a room_device, else desk_client"`
	Private    bool   `json:"private,omitempty" doc:"The device has a headset and is fit for a private talk"`
	Shares     *int   `json:"shares,omitempty" minimum:"0" doc:"Index into people: sits before that person's device and has none of their own"`
}

// BookingBody is everything that books a hearing.
type BookingBody struct {
	Case       CaseBody       `json:"case"`
	Procedure  string         `json:"procedure" enum:"criminal,civil,administrative"`
	Instance   string         `json:"instance" enum:"first_instance,appeal"`
	Form       string         `json:"form" enum:"online,in_person,mixed"`
	Visibility string         `json:"visibility,omitempty" enum:"public,closed" doc:"At the opening; empty: public"`
	Exclusions ExclusionsBody `json:"exclusions"`
	Points     []PointBody    `json:"points" minItems:"1" maxItems:"20"`
	People     []PersonBody   `json:"people" minItems:"1" maxItems:"1000"`
	StartsAt   string         `json:"starts_at" format:"date-time" doc:"RFC 3339 with an offset"`
	Minutes    int            `json:"minutes" minimum:"10" maximum:"1440" doc:"Scheduled length"`
}

// Finding is one thing that the check found: a refusal or a warning.
type Finding struct {
	Code  string `json:"code"`
	Vi    string `json:"vi"`
	En    string `json:"en"`
	Field string `json:"field,omitempty" doc:"Where, for instance people[2].name; empty: the whole"`
}

// CheckAnswer is what a booking would be told. Without refusals it can be booked.
type CheckAnswer struct {
	Refusals []Finding `json:"refusals"`
	Warnings []Finding `json:"warnings"`
}

// BookedAnswer names the new hearing.
type BookedAnswer struct {
	ID       string    `json:"id" doc:"UUIDv7"`
	DocketNo string    `json:"docket_no"`
	Warnings []Finding `json:"warnings"`
}

// SearchBody is what to look for among the hearings of the unit.
type SearchBody struct {
	Q string `json:"q" minLength:"1" maxLength:"200" doc:"Words of the docket number, e-file code or title"`
}

// CancelBody says why a booked hearing is not held.
type CancelBody struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Stands in the hearing's log"`
}

// MoveBody books a hearing for another time.
type MoveBody struct {
	StartsAt string `json:"starts_at" format:"date-time" doc:"RFC 3339 with an offset"`
	Minutes  int    `json:"minutes,omitempty" minimum:"10" maximum:"1440" doc:"Scheduled length; 0: as before"`
	Reason   string `json:"reason" minLength:"1" maxLength:"500" doc:"Stands in the log of the hearing that is cancelled"`
}

// MovedAnswer names the hearing that came in the place of another.
type MovedAnswer struct {
	ID       string    `json:"id" doc:"UUIDv7"`
	DocketNo string    `json:"docket_no"`
	Replaced string    `json:"replaced" doc:"Id of the hearing that was cancelled; its invitations are of no use any more"`
	Warnings []Finding `json:"warnings"`
}

// ImportAnswer tells what an import did.
type ImportAnswer struct {
	ID       string    `json:"id"`
	DocketNo string    `json:"docket_no"`
	Result   string    `json:"result" enum:"created,unchanged,replaced"`
	Replaced string    `json:"replaced,omitempty" doc:"Id of the hearing that was cancelled for this one"`
	Warnings []Finding `json:"warnings"`
}

// ImportListBody is part of a calendar: several hearings of one unit.
type ImportListBody struct {
	Hearings []BookingBody `json:"hearings" minItems:"1" maxItems:"50"`
}

// ImportRow tells what became of one hearing of a list.
type ImportRow struct {
	DocketNo string    `json:"docket_no"`
	Result   string    `json:"result" enum:"created,unchanged,replaced,refused"`
	ID       string    `json:"id,omitempty"`
	Replaced string    `json:"replaced,omitempty" doc:"Id of the hearing that was cancelled for this one"`
	Warnings []Finding `json:"warnings"`
	Problem  *Problem  `json:"problem,omitempty" doc:"Why it was refused"`
}

// ImportListAnswer has a row for each hearing that was sent, in that order.
type ImportListAnswer struct {
	Rows []ImportRow `json:"rows"`
}

// PointItem is a point in a calendar.
type PointItem struct {
	ID        string `json:"id"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Unit      string `json:"unit,omitempty"`
	Detention bool   `json:"detention,omitempty"`
}

// SeatItem is a seat that the caller may take without an invitation.
type SeatItem struct {
	Person string `json:"person"`
	Device string `json:"device"`
}

// HearingItem is a hearing in a calendar.
type HearingItem struct {
	ID         string      `json:"id"`
	Unit       string      `json:"unit"`
	DocketNo   string      `json:"docket_no"`
	EFileCode  string      `json:"e_file_code,omitempty"`
	Title      string      `json:"title"`
	StartsAt   time.Time   `json:"starts_at"`
	Minutes    int         `json:"minutes,omitempty"`
	Procedure  string      `json:"procedure,omitempty"`
	Instance   string      `json:"instance,omitempty"`
	Form       string      `json:"form,omitempty"`
	Status     string      `json:"status"`
	Phase      string      `json:"phase,omitempty"`
	Closed     bool        `json:"closed,omitempty"`
	Points     []PointItem `json:"points"`
	Presiding  string      `json:"presiding,omitempty" doc:"Name of the presiding judge; of the first 200 hearings of an answer"`
	Clerk      string      `json:"clerk,omitempty"`
	MySeats    []SeatItem  `json:"my_seats" doc:"Seats of the caller's account"`
	Demo       bool        `json:"demo,omitempty"`
	UpdatedAt  *time.Time  `json:"updated_at,omitempty"`
	OwnHearing bool        `json:"own_unit" doc:"Of the caller's unit; otherwise listed for a seat only"`
}

// CalendarAnswer lists hearings by start.
type CalendarAnswer struct {
	Hearings []HearingItem `json:"hearings" maxItems:"1000"`
	// Truncated: more than 1000 start in that time.
	Truncated bool `json:"truncated,omitempty"`
}

// DeviceItem is a booked device.
type DeviceItem struct {
	ID      string   `json:"id"`
	Kind    string   `json:"kind"`
	People  []string `json:"people"`
	Private bool     `json:"private,omitempty"`
}

// SeatedPerson is a booked person without a name.
type SeatedPerson struct {
	ID       string `json:"id"`
	Capacity string `json:"capacity"`
	Alias    string `json:"alias"`
	Point    string `json:"point"`
	Minor    bool   `json:"minor,omitempty"`
	Required bool   `json:"required,omitempty"`
	Client   string `json:"client,omitempty"`
}

// HearingAnswer is one hearing as it was booked, without names of its people.
type HearingAnswer struct {
	HearingItem
	Court   string         `json:"court,omitempty"`
	People  []SeatedPerson `json:"people"`
	Devices []DeviceItem   `json:"devices"`
}

// NamedPerson is a booked person with their name and who may take the seat.
type NamedPerson struct {
	SeatedPerson
	Name       string   `json:"name"`
	Devices    []string `json:"devices"`
	Account    bool     `json:"account,omitempty" doc:"An official's account may take the seat"`
	RoomDevice string   `json:"room_device,omitempty"`
}

// PeopleAnswer lists the people of a hearing.
type PeopleAnswer struct {
	People []NamedPerson `json:"people"`
}

// UnitItem is a court, procuracy or detention facility.
type UnitItem struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	Name string `json:"name"`
	Own  bool   `json:"own,omitempty"`
}

// UnitsAnswer lists the units that the caller reaches.
type UnitsAnswer struct {
	Units []UnitItem `json:"units"`
}

// InvitationBody asks for an invitation.
type InvitationBody struct {
	Person string `json:"person" maxLength:"64"`
	Device string `json:"device,omitempty" maxLength:"64" doc:"Empty: the person's first device"`
}

// InvitationAnswer is shown once; nobody can ask for it again.
type InvitationAnswer struct {
	Link    string    `json:"link" doc:"Single use; the token stands in the fragment"`
	QR      []string  `json:"qr" doc:"The link as a QR code: rows from the top, 1 a dark module; leave four modules free around it"`
	Code    string    `json:"code" pattern:"^[0-9]{6}$" doc:"Give it by a second channel, never on the same sheet"`
	Expires time.Time `json:"expires"`
}

// EnterBody chooses among several seats of the caller.
type EnterBody struct {
	Person string `json:"person,omitempty" maxLength:"64" doc:"Empty: the only seat of the caller"`
	Device string `json:"device,omitempty" maxLength:"64"`
}

// EnterAnswer names the seat that the cookie of this answer holds.
type EnterAnswer struct {
	Person string `json:"person"`
	Device string `json:"device"`
}

// ImportStatusAnswer tells a case system where its hearing stands.
type ImportStatusAnswer struct {
	ID       string    `json:"id"`
	DocketNo string    `json:"docket_no"`
	Status   string    `json:"status"`
	Phase    string    `json:"phase,omitempty"`
	StartsAt time.Time `json:"starts_at"`
	// Outcome in the words of the case systems: "Chưa xét xử", "Đã xét xử", "Hoãn", "Hủy lịch".
	Outcome string `json:"outcome" doc:"Trạng thái: Chưa xét xử, Đang xét xử, Tạm ngừng, Đã xét xử, Hoãn, Hủy lịch"`
}

// LiveHearing is a hearing that is open on some node, without media and names.
type LiveHearing struct {
	Hearing    string      `json:"hearing"`
	Unit       string      `json:"unit"`
	Court      string      `json:"court,omitempty" doc:"Its name, where it is not the official's own"`
	DocketNo   string      `json:"docket_no"`
	Status     string      `json:"status"`
	Visibility string      `json:"visibility"`
	Phase      string      `json:"phase,omitempty"`
	Since      time.Time   `json:"since"`
	Connected  int         `json:"connected" doc:"People with a live connection"`
	Expected   int         `json:"expected" doc:"People booked"`
	Recording  bool        `json:"recording"`
	Trouble    string      `json:"trouble,omitempty"`
	Points     []LivePoint `json:"points"`
	Alarms     int         `json:"alarms" doc:"Not done"`
	// Followers is missing for all but the chief judge.
	Followers []LiveFollower `json:"followers,omitempty" doc:"Who follows it online; for the chief judge alone"`
}

// LiveFollower is a unit of the procuracy that follows a hearing.
type LiveFollower struct {
	Unit   string `json:"unit" doc:"Its name"`
	People int    `json:"people"`
}

// LivePoint is a point and its light.
type LivePoint struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Light string `json:"light" enum:"ok,partial,lost,waiting"`
}

// LiveAnswer lists live hearings of the caller's scope, by docket number.
type LiveAnswer struct {
	Hearings []LiveHearing `json:"hearings"`
}

// AlarmItem is a task of the operators.
type AlarmItem struct {
	ID      string     `json:"id"`
	At      time.Time  `json:"at"`
	Hearing string     `json:"hearing,omitempty"`
	Node    bool       `json:"node,omitempty" doc:"Of the machine itself, told to the operators of every court on it"`
	Person  string     `json:"person,omitempty"`
	Device  string     `json:"device,omitempty"`
	Kind    string     `json:"kind" doc:"help, test_failed, point_lost, recorder, picture, media_blocked; of the machine: disk (detail: disk and GiB free), certificate (detail: which, notice|urgent|ended, last day)"`
	Detail  string     `json:"detail,omitempty"`
	TakenBy string     `json:"taken_by,omitempty" doc:"Name of the official, else account id"`
	TakenAt *time.Time `json:"taken_at,omitempty"`
	DoneBy  string     `json:"done_by,omitempty"`
	DoneAt  *time.Time `json:"done_at,omitempty"`
}

// AlarmsAnswer lists alarms not done and those done within 24 hours, latest first.
type AlarmsAnswer struct {
	Alarms []AlarmItem `json:"alarms" maxItems:"500"`
}

// Empty is a body without fields.
type Empty struct{}

// TestReport is one test of a point or of a person's device.
type TestReport struct {
	At     time.Time `json:"at"`
	Point  string    `json:"point,omitempty"`
	Person string    `json:"person,omitempty"`
	OK     bool      `json:"ok" doc:"Every item passed"`
	Items  []TestRow `json:"items"`
}

// TestRow is one line of a test.
type TestRow struct {
	Key   string `json:"key"`
	OK    bool   `json:"ok"`
	Value string `json:"value,omitempty"`
}

// TestsAnswer is the history of tests, latest first.
type TestsAnswer struct {
	Tests []TestReport `json:"tests" maxItems:"200"`
}
