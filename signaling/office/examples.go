package office

import (
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
)

// Examples of the document. They describe one made-up hearing; a test books the
// example and reads the answers' shapes.
const (
	exampleID     = "01935b1e-6f00-7c11-9d3a-000000000000"
	exampleDocket = "45/2026/TLST-HS"
)

func exampleStart() time.Time { return time.Date(2026, 12, 14, 1, 0, 0, 0, time.UTC) }

func exampleBooking() BookingBody {
	no := false
	counselFor := 3
	return BookingBody{
		Case:      CaseBody{DocketNo: exampleDocket, EFileCode: "HS-2026-000045", Title: "Vụ án trộm cắp tài sản"},
		Procedure: string(court.Criminal), Instance: "first_instance", Form: string(hearing.Online), Visibility: string(hearing.Public),
		Exclusions: ExclusionsBody{StateSecret: &no, ChapterXIII: &no, ChapterXXVI: &no},
		Points: []PointBody{
			{Kind: string(hearing.CentralPoint), Name: "Phòng xử án số 1"},
			{Kind: string(hearing.ComponentPoint), Name: "Trại tạm giam số 1", Unit: "detention-1", Detention: true},
		},
		People: []PersonBody{
			{Name: "Trần Thị Bình", Capacity: string(court.PresidingJudge), Required: true, Account: "binh.tt"},
			{Name: "Lê Văn Cường", Capacity: string(court.Clerk), Account: "cuong.lv"},
			{Name: "Phạm Thị Dung", Capacity: string(court.Procurator), Required: true},
			{Name: "Nguyễn Văn An", Capacity: string(court.Defendant), Point: 1, Required: true, DeviceKind: string(hearing.RoomClient)},
			{Name: "Hoàng Minh Đức", Capacity: string(court.DefenceCounsel), Client: &counselFor, Private: true},
			{Name: "Vũ Thị Hà", Capacity: string(court.DetentionOfficer), Point: 1, DeviceKind: string(hearing.Console)},
		},
		StartsAt: "2026-12-14T08:00:00+07:00", Minutes: 180,
	}
}

func exampleBooked() BookedAnswer {
	return BookedAnswer{ID: exampleID, DocketNo: exampleDocket, Warnings: []Finding{}}
}

func exampleMoved() MovedAnswer {
	return MovedAnswer{ID: "01935b1e-6f00-7c11-9d3a-000000000100", DocketNo: exampleDocket, Replaced: exampleID, Warnings: []Finding{}}
}

func exampleRows() ImportListAnswer {
	return ImportListAnswer{Rows: []ImportRow{
		{DocketNo: exampleDocket, Result: unchanged, ID: exampleID, Warnings: []Finding{}},
		{DocketNo: "46/2026/TLST-HS", Result: notTaken, Warnings: []Finding{}, Problem: started()},
	}}
}

func exampleCheck() CheckAnswer {
	return CheckAnswer{
		Refusals: []Finding{},
		Warnings: []Finding{{
			Code: "clash", Field: "points[1]", Vi: "Phòng này đã có lịch của Tòa án khác vào giờ đó.", En: "This room is taken by another court at that time.",
		}},
	}
}

func exampleItem() HearingItem {
	return HearingItem{
		ID: exampleID, Unit: "unit-hn", DocketNo: exampleDocket, EFileCode: "HS-2026-000045", Title: "Vụ án trộm cắp tài sản",
		StartsAt: exampleStart(), Minutes: 180, Procedure: string(court.Criminal), Instance: "first_instance", Form: string(hearing.Online),
		Status: string(hearing.Scheduled), Presiding: "Trần Thị Bình", Clerk: "Lê Văn Cường", MySeats: []SeatItem{}, OwnHearing: true,
		Points: []PointItem{{ID: "p0", Kind: "central", Name: "Phòng xử án số 1"}, {ID: "p1", Kind: "component", Name: "Trại tạm giam số 1", Unit: "detention-1"}},
	}
}

func exampleSeated() SeatedPerson {
	return SeatedPerson{ID: "01935b1e-6f00-7c11-9d3a-000000000004", Capacity: string(court.Defendant), Alias: "Bị cáo", Point: "p1", Required: true}
}

func exampleHearing() HearingAnswer {
	return HearingAnswer{
		HearingItem: exampleItem(), Court: "Tòa án nhân dân khu vực 1 – Hà Nội", People: []SeatedPerson{exampleSeated()},
		Devices: []DeviceItem{{ID: "01935b1e-6f00-7c11-9d3a-000000000104", Kind: "room_client", People: []string{exampleSeated().ID}}},
	}
}

func examplePeople() PeopleAnswer {
	return PeopleAnswer{People: []NamedPerson{{
		SeatedPerson: exampleSeated(), Name: "Nguyễn Văn An", Devices: []string{"01935b1e-6f00-7c11-9d3a-000000000104"},
	}}}
}

func exampleInvitation() InvitationAnswer {
	return InvitationAnswer{
		Link: "https://xetxu.example.vn/#i=0123456789abcdefghijklmnopqrstuv", QR: []string{"1111111", "1000001"}, Code: "314159", Expires: exampleStart().Add(inviteAfter),
	}
}

func exampleStatus() ImportStatusAnswer {
	return ImportStatusAnswer{
		ID: exampleID, DocketNo: exampleDocket, Status: string(hearing.Scheduled), StartsAt: exampleStart(), Outcome: outcome(hearing.Scheduled),
	}
}

func exampleLive() LiveAnswer {
	return LiveAnswer{Hearings: []LiveHearing{{
		Hearing: exampleID, Unit: "unit-hn", DocketNo: exampleDocket, Status: string(hearing.InSession), Visibility: string(hearing.Public),
		Phase: string(court.Questioning), Since: exampleStart(), Connected: 5, Expected: 6, Recording: true, Alarms: 1,
		Points: []LivePoint{{ID: "p0", Kind: "central", Name: "Phòng xử án số 1", Light: "ok"}, {ID: "p1", Kind: "component", Name: "Trại tạm giam số 1", Light: "lost"}},
	}}}
}

func exampleAlarms() AlarmsAnswer {
	return AlarmsAnswer{Alarms: []AlarmItem{{
		ID: "01935b1e-6f00-7c11-9d3a-0000000000a1", At: exampleStart(), Hearing: exampleID, Kind: "point_lost", Detail: "p1",
	}}}
}

func exampleTests() TestsAnswer {
	return TestsAnswer{Tests: []TestReport{{
		At: exampleStart().Add(-time.Hour), Point: "p1", OK: true, Items: []TestRow{{Key: "link", OK: true, Value: "2 %"}},
	}}}
}
