package minutes_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/minutes"
)

func start() time.Time { return time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC) }

// booking is a criminal hearing with everybody whom minutes speak of.
func booking() hearing.Booking {
	policy := court.DefaultPolicy(court.Criminal)
	policy.NoticeDays = 0
	b := hearing.Booking{
		Hearing: "h1", Unit: "u1", Court: "TAND khu vực 1 - Hà Nội", DocketNo: "45/2026/TLST-HS", Title: "Trộm cắp tài sản",
		StartsAt: start().UnixMicro(), Procedure: court.Criminal, Instance: "first_instance", Form: hearing.Online,
		Policy: &policy, Minutes: 120,
		Points: []hearing.Point{
			{ID: "p0", Kind: hearing.CentralPoint, Name: "Phòng xử án số 1", Unit: "u1"},
			{ID: "p1", Kind: hearing.ComponentPoint, Name: "Trại tạm giam số 1", Detention: true},
		},
	}
	for i, c := range []court.Capacity{
		court.PresidingJudge, court.LayAssessor, court.Clerk, court.Procurator, court.DefenceCounsel,
		court.Defendant, court.DetentionOfficer, court.Witness, court.Attendee, court.Victim,
	} {
		id := hearing.PersonID(fmt.Sprintf("h%d", i))
		p := hearing.Person{ID: id, Capacity: c, Alias: c.Words(), Point: "p0"}
		if c == court.Defendant || c == court.DetentionOfficer {
			p.Point = "p1"
		}
		if c == court.DefenceCounsel {
			p.Client = "h5"
		}
		p.Required = c == court.Defendant
		b.People = append(b.People, p)
		kind := hearing.DeskClient
		if c == court.Attendee {
			kind = hearing.Viewer
		}
		b.Devices = append(b.Devices, hearing.Device{
			ID: hearing.DeviceID(fmt.Sprintf("d%d", i)), Kind: kind, People: []hearing.PersonID{id}, Private: true,
		})
	}
	return b
}

func names() minutes.Names {
	return minutes.Names{
		"h0": "Nguyễn Văn Ước", "h1": "Lê Thị Hạnh", "h2": "Trần Thị Bưởi", "h3": "Phạm Quốc Dũng", "h4": "Vũ Minh Khôi",
		"h5": "Đỗ Văn Tám", "h6": "Hoàng Kim Sơn", "h7": "Bùi Thị Lan", "h8": "Người Xem", "h9": "Ngô Thị Chín",
	}
}

// story holds a hearing while it is led.
type story struct {
	s      *hearing.State
	now    time.Time
	events []hearing.Event
}

func newStory(t require.TestingT) *story {
	st := &story{now: start().Add(-time.Hour)}
	require.Nil(t, st.give("", hearing.Book{Booking: booking()}))
	return st
}

func (st *story) give(by hearing.PersonID, c hearing.Command) *hearing.Refusal {
	a := hearing.Actor{System: by == ""}
	if by != "" {
		a = hearing.Actor{Person: by, Device: hearing.DeviceID("d" + string(by[1:]))}
	}
	bodies, ref := hearing.Decide(st.s, c, a, st.now)
	if ref != nil {
		return ref
	}
	for _, b := range bodies {
		e := hearing.Event{At: st.now.UnixMicro(), Actor: a, Body: b, Seq: uint64(len(st.events)) + 1}
		next, err := hearing.Apply(st.s, e)
		if err != nil {
			panic(err)
		}
		st.s, st.events = next, append(st.events, e)
	}
	return nil
}

// try gives a command that may be refused.
func (st *story) try(by hearing.PersonID, c hearing.Command) { _ = st.give(by, c) }

// come: everybody is in, the witness waits.
func (st *story) come() {
	for _, p := range booking().People {
		st.try("", hearing.DeviceConnected{Device: hearing.DeviceID("d" + string(p.ID[1:]))})
		st.try(p.ID, hearing.CheckIn{RulesAccepted: true})
	}
	for _, p := range booking().People {
		if p.Capacity != court.Victim {
			st.try("h0", hearing.Admit{Person: p.ID})
		}
	}
	st.try("h2", hearing.RecordOpinion{Agrees: true, On: start().Add(-48 * time.Hour).UnixMicro()})
	st.try("h2", hearing.RecordFacilities{OK: true})
	st.try("h2", hearing.MarkReady{})
	st.try("", hearing.RecorderReport{Recording: true})
}

// any gives a drawn command of a drawn person; most are refused, and that is as well.
func (st *story) any(t *rapid.T) {
	person := func() hearing.PersonID { return rapid.SampledFrom(booking().People).Draw(t, "person").ID }
	phase := func() court.Phase { return rapid.SampledFrom(court.Criminal.Steps()).Draw(t, "phase").Phase }
	device := func() hearing.DeviceID { return hearing.DeviceID("d" + string(person()[1:])) }
	st.now = st.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "seconds")) * time.Second)
	by := rapid.SampledFrom([]hearing.PersonID{"h0", "h0", "h0", "h2", "h2", "", person()}).Draw(t, "by")
	c := rapid.SampledFrom([]hearing.Command{
		hearing.Open{OverrideReason: "thử"},
		hearing.Recess{Reason: "nghỉ trưa"},
		hearing.Resume{},
		hearing.Resume{},
		hearing.GiveFloor{Person: person()},
		hearing.StopFloor{Person: person()},
		hearing.MuteLock{Person: person()},
		hearing.Unlock{Person: person()},
		hearing.Remove{Person: person(), Reason: "gây rối"},
		hearing.Admit{Person: person()},
		hearing.NextPhase{Phase: phase(), SkipReason: "không có"},
		hearing.NoteIdentity{Person: person(), Method: "citizen_card"},
		hearing.ReportPresence{Person: person(), Present: true},
		hearing.ReportPresence{Person: person(), Reason: "ốm"},
		hearing.Stand{},
		hearing.Sit{},
		hearing.SetVisibility{To: hearing.ClosedDoors, Reason: "bí mật đời tư"},
		hearing.SetVisibility{To: hearing.Public},
		hearing.Deliberate{},
		hearing.EndDeliberation{Phase: court.Pronouncement},
		hearing.EndDeliberation{Phase: court.Debate},
		hearing.HoldTechnical{Reason: "mất tiếng"},
		hearing.KeepGoing{Reason: "đủ người"},
		hearing.ConfirmReturn{Person: person(), What: "identity"},
		hearing.ConfirmReturn{Person: person(), What: "media"},
		hearing.Warn{Person: person(), Reason: "nói leo"},
		hearing.NoteAway{Person: person()},
		hearing.NoteBack{Person: person()},
		hearing.CallWitness{Person: "h7"},
		hearing.DismissWitness{Person: "h7"},
		hearing.Isolate{Person: person(), Reason: "điều 309"},
		hearing.ConfirmLeft{Person: person()},
		hearing.EndIsolation{Person: person()},
		hearing.NoteBriefed{Person: person()},
		hearing.RequestConsult{With: []hearing.PersonID{"h5"}},
		hearing.BeginIdentityCheck{Person: "h5"},
		hearing.AllowConsult{Consult: consult(st.s)},
		hearing.EndConsult{Consult: consult(st.s)},
		hearing.DeviceLost{Device: device()},
		hearing.DeviceConnected{Device: device()},
		hearing.RecorderReport{Recording: true},
		hearing.RecorderReport{Trouble: "disk_full"},
		hearing.Tick{},
		hearing.Tick{},
		hearing.NodeTook{Node: "n2", Epoch: st.s.Epoch + 1},
		hearing.CheckIn{RulesAccepted: true},
		hearing.RaiseHand{},
	}).Draw(t, "command")
	if rapid.IntRange(0, 60).Draw(t, "end") == 0 {
		c, by = rapid.SampledFrom([]hearing.Command{
			hearing.Close{},
			hearing.Adjourn{Reason: "vắng bị cáo", Form: hearing.InPerson},
			hearing.Suspend{Reason: "chờ tài liệu", ReopenAt: st.now.Add(24 * time.Hour).UnixMicro()},
		}).Draw(t, "last"), "h0"
	}
	if st.give(by, c) != nil {
		st.try("", c)
	}
}

func consult(s *hearing.State) string {
	if len(s.Consults) == 0 {
		return "c1"
	}
	return s.Consults[0].ID
}

// anyStory is a drawn log, deliberation included more often than chance would.
func anyStory(t *rapid.T) *story {
	st := newStory(t)
	st.come()
	st.try("h0", hearing.Open{OverrideReason: "thử"})
	for range rapid.IntRange(0, 60).Draw(t, "steps") {
		st.any(t)
	}
	if rapid.Bool().Draw(t, "deliberate") {
		for _, p := range court.Criminal.Steps() {
			st.try("h0", hearing.NextPhase{Phase: p.Phase})
		}
		st.try("h0", hearing.Deliberate{})
		for range rapid.IntRange(0, 20).Draw(t, "within") {
			st.any(t)
		}
		st.try("h0", hearing.EndDeliberation{Phase: court.Pronouncement})
	}
	return st
}

// anyItems writes beside the log: each item stands behind an event that is the last one
// at its time. Every kind of item occurs.
func anyItems(t *rapid.T, events []hearing.Event) []minutes.Item {
	var items []minutes.Item
	m := minutes.NewMaker(names())
	clerk := minutes.Writer{Account: "a2", Person: "h2", Capacity: court.Clerk}
	party := minutes.Writer{Person: "h4", Capacity: court.DefenceCounsel}
	for _, e := range events {
		require.NoError(t, m.Event(e))
		if e.Seq == 1 {
			continue
		}
		writes := rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2}).Draw(t, "writes")
		if int(e.Seq) == len(events) {
			writes = rapid.IntRange(0, 40).Draw(t, "writes at the end")
		}
		for range writes {
			var b minutes.Body
			var ref *hearing.Refusal
			switch rapid.IntRange(0, 9).Draw(t, "act") {
			case 0:
				b, ref = m.Note(clerk, "Bị cáo khai: không có mặt ở đó.", 0, e.At)
			case 1, 2:
				var p minutes.Proposed
				p, ref = m.Propose(clerk)
				p.Document.SHA256 = fmt.Sprint("file ", len(items))
				b = p
			case 3:
				b, ref = m.Ask(party, 1, "Ghi rõ giờ.")
			case 4, 5:
				open := slices.IndexFunc(m.State().Requests, func(r minutes.Request) bool { return !r.Answered })
				if open < 0 {
					continue
				}
				b, ref = m.Answer(clerk, m.State().Requests[open].Item, rapid.Bool().Draw(t, "accept"), "Ghi là 08 giờ 30.")
			default:
				if m.State().Current == nil {
					continue
				}
				b, ref = m.Sign(clerk, fmt.Sprint("signed ", len(items)), append(slices.Clone(m.State().Signers),
					minutes.Signer{Capacity: rapid.SampledFrom([]court.Capacity{court.PresidingJudge, court.Clerk}).Draw(t, "signer")}))
			}
			if ref != nil || b == nil {
				continue
			}
			i := minutes.Item{N: uint64(len(items)) + 1, Seq: e.Seq, At: e.At, By: clerk, Body: b}
			if b.Kind() == (minutes.Asked{}).Kind() {
				i.By = party
			}
			require.NoError(t, m.Item(i))
			items = append(items, i)
		}
	}
	return items
}

func made(t require.TestingT, events []hearing.Event, items []minutes.Item) *minutes.Maker {
	m, err := minutes.Make(names(), events, items)
	require.NoError(t, err)
	return m
}
