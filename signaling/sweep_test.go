package signaling

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/hearing/hearingtest"
	"phientoa/internal/store"
	"phientoa/internal/wire"
)

// More people of the sweep's hearing.
const (
	sentOut = "p-sent-out" // removed
	outside = "p-outside"  // never checked in
)

// sweepBooking is the wire law's hearing with somebody of every standing.
func sweepBooking() hearing.Booking {
	b := wireBooking()
	for _, p := range []string{sentOut, outside} {
		b.People = append(b.People, hearing.Person{ID: hearing.PersonID(p), Capacity: court.RelatedParty, Alias: p, Point: "P1"})
		b.Devices = append(b.Devices, hearing.Device{
			ID: hearing.DeviceID(device(p)), Kind: hearing.DeskClient, People: []hearing.PersonID{hearing.PersonID(p)},
		})
	}
	return b
}

// right says of an act who may ever give it and in which states, as docs/protocol.md
// does: a second time, and not by the rules themselves.
//
// who: P presiding judge, C clerk, O officer of a point, L counsel, I anybody in the
// courtroom, S anybody seated. in: the letter of the stage.
type right struct{ who, in string }

func stageLetter(s hearingtest.Stage) string {
	return map[hearingtest.Stage]string{
		hearingtest.Scheduled: "s", hearingtest.Open: "o", hearingtest.Recess: "r", hearingtest.ClosedDoors: "d",
		hearingtest.Deliberation: "n", hearingtest.Hold: "h", hearingtest.Suspended: "u",
		hearingtest.Adjourned: "a", hearingtest.Closed: "c",
	}[s]
}

func rights() map[string]right {
	const (
		going   = "sordnhu" // everything but over
		session = "od"
	)
	return map[string]right{
		"check_in": {"S", going}, "admit": {"PC", going}, "remove": {"P", going}, "open": {"P", "s"},
		"raise_hand": {"I", session}, "lower_hand": {"I", going},
		"give_floor": {"P", session}, "stop_floor": {"P", session}, "mute_lock": {"PC", going}, "unlock": {"PC", going},
		"recess": {"P", session}, "resume": {"P", "rh"}, "close": {"P", "odr"},
		"record_opinion": {"C", "s"}, "record_facilities": {"C", "s"}, "mark_ready": {"PC", "s"},
		"note_identity": {"C", going}, "note_mismatch": {"C", going},
		"begin_identity_check": {"C", "srnhu"}, "end_identity_check": {"C", "srnhu"}, "report_presence": {"CO", going}, "report_test": {"S", going},
		"next_phase": {"P", session}, "stand": {"PC", session}, "sit": {"PC", going}, "set_visibility": {"P", going},
		"set_monitoring": {"PC", going}, // the clerk may end it alone: a law of the rules' own tests
		"hold_technical": {"PC", "odr"}, "keep_going": {"P", "odh"}, "confirm_return": {"CO", going},
		"suspend": {"P", "ordnh"}, "adjourn": {"P", going}, "announced": {"CO", "ua"}, "reopen": {"PC", "u"}, "cancel": {"PC", "s"},
		"warn": {"P", going}, "note_away": {"CO", going}, "note_back": {"CO", going},
		"call_witness": {"P", session}, "dismiss_witness": {"P", going}, "isolate": {"P", going}, "confirm_left": {"CO", going},
		"end_isolation": {"P", going}, "note_briefed": {"PC", going}, "deliberate": {"P", session}, "end_deliberation": {"P", "n"},
		"request_consult": {"L", going}, "allow_consult": {"PC", "srnhu"}, "end_consult": {"I", going},
		"admit_exhibit": {"PC", going}, "refuse_exhibit": {"PC", going}, "withdraw_exhibit": {"I", going},
		"show_exhibit": {"I", session}, "stop_exhibit": {"PCL", session},
	}
}

// letters are what a person of the sweep is by their seat and standing (beginnings);
// the public is nothing.
func letters(p string, stage hearingtest.Stage) string {
	if p == witness && stage == hearingtest.ClosedDoors || p == respondent && stage == hearingtest.Recess {
		return "IS" // called in; back from isolation
	}
	return map[string]string{
		judge: "PIS", clerk: "CIS", assessor: "IS", plaintiff: "IS", lawyer: "LIS", respondent: "S", officer: "OIS",
		witness: "S", sentOut: "S", outside: "S", viewer: "",
	}[p]
}

// Objects that are not of this hearing.
const (
	foreignID = "0192f0c0-0000-7000-8000-00000000000f"
	missingID = "p-nobody"
)

// attempt is an act with one set of arguments. Attempts of one variant differ only in
// whom or what they are about.
type attempt struct {
	variant int
	object  string // "" for acts about nothing
	cmd     *wire.Command
}

// attempts fills the act's fields in every way that might be taken. consult is the
// talk that was asked for.
func attempts(field protoreflect.FieldDescriptor, consult string) []attempt {
	fields := field.Message().Fields()
	objects := []string{""}
	switch {
	case fields.ByName("person") != nil || fields.ByName("with") != nil:
		objects = []string{plaintiff, lawyer, respondent, witness, sentOut, foreignID, missingID}
	case fields.ByName("consult") != nil:
		objects = []string{consult, foreignID, missingID}
	case fields.ByName("exhibit") != nil:
		objects = []string{"1", "2", foreignID, missingID}
	case fields.ByName("point") != nil:
		objects = []string{"", "P0", "P1", foreignID, missingID}
	}
	choices := []string{""} // of the one field that chooses a way
	for name, list := range map[protoreflect.Name][]string{
		"phase": {"questioning", "debate", "pronouncement"}, "to": {"public", "closed"}, "what": {"identity", "media"},
	} {
		if fields.ByName(name) != nil {
			choices = list
		}
	}
	if fields.ByName("units") != nil {
		choices = []string{"open", "closed", "named"}
	}
	var out []attempt
	for i, choice := range choices {
		for _, object := range objects {
			cmd := &wire.Command{}
			fillAct(cmd.ProtoReflect().Mutable(field).Message(), object, choice)
			out = append(out, attempt{i, object, cmd})
		}
	}
	return out
}

func fillAct(m protoreflect.Message, object, choice string) {
	values := map[protoreflect.Name]string{
		"person": object, "consult": object, "point": object, "phase": choice, "to": choice, "what": choice,
		"reason": "lý do", "override_reason": "lý do", "skip_reason": "lý do", "method": "citizen_card", "challenge": "7", "form": "online",
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case f.Name() == "with":
			m.Mutable(f).List().Append(protoreflect.ValueOfString(object))
		case f.Name() == "units":
			if choice == "named" {
				m.Mutable(f).List().Append(protoreflect.ValueOfString("unit-one"))
			}
		case f.Name() == "items":
			item := &wire.TestItem{Key: "camera", Ok: true}
			m.Mutable(f).List().Append(protoreflect.ValueOfMessage(item.ProtoReflect()))
		case f.Kind() == protoreflect.BoolKind:
			m.Set(f, protoreflect.ValueOfBool(true))
		case f.Name() == "exhibit":
			no, err := strconv.ParseInt(object, 10, 32)
			if err != nil { // of another hearing, or missing
				no = 90 + int64(len(object)%7)
			}
			m.Set(f, protoreflect.ValueOfInt32(int32(no)))
		case f.Name() == "page":
			m.Set(f, protoreflect.ValueOfInt32(1))
		case f.Name() == "on":
			m.Set(f, protoreflect.ValueOfInt64(1))
		case f.Name() == "reopen_at":
			m.Set(f, protoreflect.ValueOfInt64(time.Now().Add(24*time.Hour).UnixMicro()))
		case f.Kind() == protoreflect.StringKind:
			m.Set(f, protoreflect.ValueOfString(values[f.Name()]))
		}
	}
}

// sweep is a hearing that was led to a stage, over fakes, made anew after each act
// that was taken.
type sweep struct {
	*bench
	stage   hearingtest.Stage
	lines   [][]byte
	consult string
}

func newSweep(t *testing.T, stage hearingtest.Stage) *sweep {
	t.Helper()
	b := &bench{t: t, st: &fakeStore{}}
	row := store.Hearing{ID: testHearing, Room: testRoom}
	now := time.Now()
	require.NoError(t, BookHearing(t.Context(), b.st, "booker", row, nil, sweepBooking(), now))
	events, state, err := hearingtest.Lead(b.replayed(), hearingtest.Params{
		To: stage, Now: now, Outside: []hearing.PersonID{outside}, Removed: []hearing.PersonID{sentOut},
		Then: beginnings(stage),
	})
	require.NoError(t, err)
	s := &sweep{bench: b, stage: stage, lines: b.st.log(), consult: foreignID}
	for _, e := range events {
		line, err := hearing.MarshalEvent(e)
		require.NoError(t, err)
		s.lines = append(s.lines, line)
	}
	if len(state.Consults) > 0 {
		s.consult = state.Consults[0].ID
	}
	t.Cleanup(func() { s.rooms.Close() })
	s.again()
	return s
}

// paper is a document that somebody offers.
func paper(no int) hearing.OfferExhibit {
	return hearing.OfferExhibit{Name: "Hợp đồng", Type: "application/pdf", Bytes: 9, Pages: 2, SHA256: strings.Repeat(fmt.Sprintf("%02x", no), 32)}
}

// beginnings are acts that leave something to end, and not everywhere the same, so
// that every act finds a state in which it is taken.
func beginnings(stage hearingtest.Stage) []hearingtest.Act {
	list := []hearingtest.Act{
		{By: lawyer, Command: hearing.RaiseHand{}},
		{By: judge, Command: hearing.MuteLock{Person: lawyer}},
		{By: clerk, Command: hearing.NoteAway{Person: plaintiff}},
		{By: judge, Command: hearing.Stand{}},
		{By: judge, Command: hearing.Isolate{Person: respondent}},
		{By: lawyer, Command: paper(1)},
		{By: lawyer, Command: paper(2)},
		{By: judge, Command: hearing.AdmitExhibit{Exhibit: 2}},
	}
	if stage != hearingtest.Open {
		list = append(list, hearingtest.Act{By: lawyer, Command: hearing.RequestConsult{With: []hearing.PersonID{plaintiff}}})
	}
	switch stage {
	case hearingtest.Open:
		list = append(list, hearingtest.Act{By: judge, Command: hearing.GiveFloor{Person: plaintiff}},
			hearingtest.Act{By: judge, Command: hearing.ShowExhibit{Exhibit: 2, Page: 1}})
	case hearingtest.ClosedDoors:
		list = append(list,
			hearingtest.Act{By: judge, Command: hearing.CallWitness{Person: witness}},
			hearingtest.Act{By: judge, Command: hearing.NextPhase{Phase: court.Questioning}},
			hearingtest.Act{By: judge, Command: hearing.NextPhase{Phase: court.Debate}})
	case hearingtest.Hold: // a link that was lost meanwhile
		d := hearing.DeviceID(device(plaintiff))
		list = append(list,
			hearingtest.Act{Command: hearing.DeviceConnected{Device: d}}, hearingtest.Act{Command: hearing.DeviceLost{Device: d}})
	case hearingtest.Suspended:
		list = append(list, hearingtest.Act{By: clerk, Command: hearing.BeginIdentityCheck{Person: lawyer}})
	case hearingtest.Recess:
		list = append(list, hearingtest.Act{By: judge, Command: hearing.EndIsolation{Person: respondent}})
	}
	return list
}

// again opens the room anew at the stage. Only the plaintiff's connection matters to
// an act: the return after a loss is confirmed of who is there.
func (s *sweep) again() {
	s.t.Helper()
	if s.rooms != nil {
		s.rooms.Close()
	}
	s.st = &fakeStore{row: store.Hearing{ID: testHearing, Room: testRoom}, lines: slices.Clone(s.lines)}
	s.ev, s.media = &fakeEvidence{ended: s.stage == hearingtest.Closed}, &fakeMedia{}
	s.open()
	s.sit(plaintiff)
	if s.stage.Over() {
		return
	}
	require.Eventually(s.t, func() bool {
		ch := make(chan bool, 1)
		require.NoError(s.t, s.room.post(s.t.Context(), func() { ch <- s.room.connected(hearing.DeviceID(device(plaintiff))) }))
		return <-ch
	}, 20*time.Second, time.Millisecond)
}

// byPeople counts the events that people caused.
func (s *sweep) byPeople() int {
	n := 0
	for _, line := range s.st.log() {
		e, err := hearing.ParseEvent(line)
		require.NoError(s.t, err)
		if !e.Actor.System {
			n++
		}
	}
	return n
}

// TestSweepOfActs: every capacity and standing gives every act about everybody, in
// every state of the hearing. Nothing is taken that docs/protocol.md does not give
// them; who or what is of another court's hearing is answered byte for byte like who
// or what does not exist; who may not is told the same whoever it is about; and what
// is refused stands nowhere.
func TestSweepOfActs(t *testing.T) {
	table := rights()
	acts := (&wire.Command{}).ProtoReflect().Descriptor().Oneofs().ByName("act").Fields()
	require.Len(t, table, acts.Len(), "every act has its line")
	taken, asked := map[string]int{}, 0
	for _, stage := range hearingtest.Stages() {
		t.Run(string(stage), func(t *testing.T) {
			s := newSweep(t, stage)
			before := s.byPeople()
			for _, p := range sweepBooking().People {
				for i := range acts.Len() {
					field := acts.Get(i)
					asked += s.tryAll(t, string(p.ID), field, table[string(field.Name())], taken)
				}
			}
			require.Equal(t, before, s.byPeople(), "what was refused is nowhere")
		})
	}
	t.Logf("%d acts tried, taken: %v", asked, taken)
	missing := slices.DeleteFunc(slices.Sorted(maps.Keys(table)), func(a string) bool { return taken[a] > 0 })
	require.Empty(t, missing, "every act is taken somewhere")
}

// tryAll gives one act of one person about everything; it tells how often.
func (s *sweep) tryAll(t *testing.T, person string, field protoreflect.FieldDescriptor, r right, taken map[string]int) int {
	t.Helper()
	act := string(field.Name())
	name := fmt.Sprintf("%s by %s in %s", act, person, s.stage)
	entitled := strings.ContainsAny(letters(person, s.stage), r.who)
	unknown, all := map[int][]byte{}, map[int][]byte{}
	list := attempts(field, s.consult)
	slices.Reverse(list) // what does not exist first
	for _, a := range list {
		cmd, ok := commandFrom(a.cmd)
		require.True(t, ok, name)
		if answer := <-s.give(person, cmd); answer.refusal == nil {
			require.True(t, entitled, "unexpected success: %s", name)
			require.Contains(t, r.in, stageLetter(s.stage), "unexpected success: %s", name)
			require.NotContains(t, []string{foreignID, missingID}, a.object, name)
			taken[act]++
			s.again()
			continue
		} else {
			text, err := proto.Marshal(wireRefusal(answer.refusal))
			require.NoError(t, err)
			if a.object == foreignID || a.object == missingID {
				if want, seen := unknown[a.variant]; seen {
					require.Equal(t, want, text, "%s about %s", name, a.object)
				}
				unknown[a.variant] = text
			}
			if want, seen := all[a.variant]; seen && !entitled {
				require.Equal(t, want, text, "%s about %s tells something", name, a.object)
			}
			all[a.variant] = text
		}
	}
	return len(list)
}

// TestATalkOfOthersLooksLikeNone: who is not of a private talk cannot tell by an
// answer whether there is one.
func TestATalkOfOthersLooksLikeNone(t *testing.T) {
	for _, stage := range hearingtest.Stages() {
		s := newSweep(t, stage)
		for _, p := range []string{assessor, respondent, officer, witness, sentOut, outside, viewer} {
			own := (<-s.give(p, hearing.EndConsult{Consult: s.consult})).refusal
			none := (<-s.give(p, hearing.EndConsult{Consult: missingID})).refusal
			require.NotNil(t, own, "%s in %s", p, stage)
			require.Equal(t, none, own, "%s in %s", p, stage)
		}
	}
}
