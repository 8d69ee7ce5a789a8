package minutes_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/minutes"
)

// scripted is a hearing with everything that minutes tell of, acts ten seconds apart.
func scripted(t *testing.T) *story {
	st := newStory(t)
	st.come()
	st.now = start()
	do := func(by hearing.PersonID, c hearing.Command) {
		t.Helper()
		st.now = st.now.Add(10 * time.Second)
		require.Nil(t, st.give(by, c), "%T by %s", c, by)
	}
	do("h6", hearing.ReportPresence{Person: "h5", Present: true})
	do("h2", hearing.ReportPresence{Person: "h9", Reason: "ốm"})
	do("h2", hearing.NoteIdentity{Person: "h5", Method: "population_database", Challenge: "số 7"})
	do("h0", hearing.Open{})
	do("h0", hearing.Admit{Person: "h9"})
	do("h0", hearing.NextPhase{Phase: court.IndictmentReading})
	do("h0", hearing.GiveFloor{Person: "h3"})
	do("h0", hearing.StopFloor{Person: "h3"})
	do("h0", hearing.NextPhase{Phase: court.Questioning})
	do("h0", hearing.Stand{Person: "h5"})
	do("h0", hearing.MuteLock{Person: "h4"})
	do("h0", hearing.Unlock{Person: "h4"})
	do("h0", hearing.CallWitness{Person: "h7"})
	do("h0", hearing.Isolate{Person: "h5", Reason: "Điều 309 Bộ luật Tố tụng hình sự"})
	do("h0", hearing.DismissWitness{Person: "h7"})
	do("h0", hearing.EndIsolation{Person: "h5"})
	do("h2", hearing.NoteBriefed{Person: "h5"})
	do("h0", hearing.Warn{Person: "h9", Reason: "tự ý phát biểu"})
	do("h2", hearing.NoteAway{Person: "h9"})
	do("h2", hearing.NoteBack{Person: "h9"})
	do("", hearing.DeviceLost{Device: "d5"})
	do("", hearing.DeviceLost{Device: "d9"})
	do("", hearing.Tick{})
	do("", hearing.Tick{})
	do("", hearing.DeviceConnected{Device: "d5"})
	do("", hearing.DeviceConnected{Device: "d9"})
	do("", hearing.Tick{})
	do("h6", hearing.ConfirmReturn{Person: "h5", What: "identity"})
	do("h2", hearing.ConfirmReturn{Person: "h5", What: "media"})
	do("h0", hearing.Resume{})
	do("", hearing.RecorderReport{Trouble: "disk_full"})
	do("", hearing.RecorderReport{Recording: true})
	do("h0", hearing.Recess{Reason: "nghỉ giải lao"})
	do("h4", hearing.RequestConsult{With: []hearing.PersonID{"h5"}})
	do("h2", hearing.AllowConsult{Consult: consult(st.s)})
	do("h4", hearing.EndConsult{Consult: consult(st.s)})
	do("h0", hearing.Resume{})
	do("h0", hearing.SetVisibility{To: hearing.ClosedDoors, Reason: "giữ bí mật đời tư"})
	do("h0", hearing.SetVisibility{To: hearing.Public})
	do("h0", hearing.NextPhase{Phase: court.Debate})
	paper := hearing.OfferExhibit{Name: "Hợp đồng vay tài sản ngày 02/3/2025", Type: "application/pdf", Bytes: 90_000, Pages: 4, SHA256: strings.Repeat("ab12", 16)}
	do("h4", paper)
	do("h2", hearing.AdmitExhibit{Exhibit: 1})
	paper.Name, paper.SHA256 = "Ảnh chụp tin nhắn", strings.Repeat("cd34", 16)
	do("h4", paper)
	do("h0", hearing.RefuseExhibit{Exhibit: 2, Reason: "không liên quan đến vụ án"})
	paper.SHA256 = strings.Repeat("ef56", 16)
	do("h4", paper)
	do("h4", hearing.WithdrawExhibit{Exhibit: 3})
	do("h0", hearing.GiveFloor{Person: "h4"})
	do("h4", hearing.ShowExhibit{Exhibit: 1, Page: 1})
	do("h4", hearing.ShowExhibit{Exhibit: 1, Page: 2})
	do("h0", hearing.StopExhibit{})
	do("h0", hearing.StopFloor{Person: "h4"})
	do("", hearing.DeviceLost{Device: "d5"})
	st.now = st.now.Add(10 * time.Second)
	do("", hearing.Tick{})
	st.now = st.now.Add(-5 * time.Second) // within the countdown
	do("h0", hearing.KeepGoing{Reason: "chờ nối lại trong khi tranh luận"})
	do("", hearing.DeviceConnected{Device: "d5"})
	do("", hearing.Tick{})
	do("h0", hearing.NextPhase{Phase: court.LastWords})
	do("h0", hearing.Deliberate{})
	do("", hearing.DeviceLost{Device: "d1"})
	do("", hearing.DeviceConnected{Device: "d1"})
	do("h0", hearing.EndDeliberation{Phase: court.Pronouncement})
	do("h0", hearing.Remove{Person: "h9", Reason: "gây rối"})
	do("h0", hearing.Close{})
	return st
}

// The sentences as courts write them, and what kept the hearing from being followed.
// UPDATE=1 writes the file anew; it is read by people before it is committed.
func TestTheMinutesOfAHearing(t *testing.T) {
	m := made(t, scripted(t).events, nil)
	var got strings.Builder
	for _, l := range m.Lines() {
		fmt.Fprintf(&got, "%d. %s %s\n", l.N, minutes.Clock(l.At), l.Text)
	}
	for _, i := range m.Incidents() {
		fmt.Fprintln(&got, strings.Join([]string{i.Kind, minutes.Clock(i.From), minutes.Clock(i.To), i.Who, i.Cause, i.Decided}, " | "))
	}
	const file = "testdata/hearing.txt"
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile(file, []byte(got.String()), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String())
}
