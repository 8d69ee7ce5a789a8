package hearing

import (
	"fmt"
	"time"
)

// RecordingLeft: how many minutes of this hearing the node's disks still take,
// with all its cameras and microphones (domain J1.8, 8b).
type RecordingLeft struct {
	Minutes int `json:"minutes"`
}

// RecordingLeftState is the last RecordingLeft of the node that holds the hearing.
type RecordingLeftState struct {
	Known   bool `json:"known"`
	Minutes int  `json:"minutes"`
}

// Troubles and bounds of the disk.
const (
	// TroubleDiskLow is View.Trouble while recording goes on, but not for much longer.
	TroubleDiskLow = "disk-low"
	diskLowMinutes = 30
	// maxLeftMinutes: more is not told apart.
	maxLeftMinutes = 48 * 60
)

// Kind is the event's stable name.
func (RecordingLeft) Kind() string { return "recorder.left" }

// Restricts is false: it is a measurement.
func (RecordingLeft) Restricts() bool { return false }

func (b RecordingLeft) apply(s *State, _ Event) error {
	if b.Minutes < 0 || b.Minutes > maxLeftMinutes {
		return fmt.Errorf("%w: %d minutes of recording left", ErrImpossible, b.Minutes)
	}
	s.Left = RecordingLeftState{Known: true, Minutes: b.Minutes}
	return nil
}

func (ReportRecordingLeft) command() string { return "report_recording_left" }

func (ReportRecordingLeft) may(_ *State, a Actor) *Refusal { return bySystem(a) }

// decide notes only what people would see change, so that a disk that fills up
// does not fill the log.
func (c ReportRecordingLeft) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if c.Minutes < 0 {
		return nil, refuseReport()
	}
	now := min(c.Minutes, maxLeftMinutes)
	old := s.Left.Minutes
	if s.Status.Over() || s.Left.Known && shownMinutes(now) == shownMinutes(old) &&
		(now < s.Booking.Minutes) == (old < s.Booking.Minutes) && (now < diskLowMinutes) == (old < diskLowMinutes) {
		return nil, nil
	}
	return []EventBody{RecordingLeft{Minutes: now}}, nil
}

// shownMinutes rounds down to what is worth telling: ten minutes below two hours,
// half an hour below ten, then an hour.
func shownMinutes(m int) int {
	switch {
	case m < 120:
		return m - m%10
	case m < 600:
		return m - m%30
	default:
		return m - m%60
	}
}

// recordingShort tells whether the disks are known to take less than the hearing
// is booked for.
func (s *State) recordingShort() bool { return s.Left.Known && s.Left.Minutes < s.Booking.Minutes }

// recordingCheck is the line of the preparation; ok is false while nothing is known.
func (s *State) recordingCheck() (c CheckView, ok bool) {
	return CheckView{Key: checkRecording, Done: !s.recordingShort(), Minutes: shownMinutes(s.Left.Minutes)}, s.Left.Known
}

func refuseRecordingShort(left, booked int) *Refusal {
	return refuse("recording_short",
		fmt.Sprintf("Ổ đĩa chỉ còn ghi được khoảng %s, ít hơn thời lượng dự kiến %s. Muốn bắt đầu phiên tòa, Chủ tọa cần ghi rõ lý do.", hoursVi(left), hoursVi(booked)),
		fmt.Sprintf("The disks take about %s of recording, less than the %s that the hearing is booked for. To open it all the same, the presiding judge has to state a reason.", hoursEn(left), hoursEn(booked)))
}

func hoursVi(m int) string {
	switch {
	case m < 60:
		return fmt.Sprintf("%d phút", m)
	case m%60 == 0:
		return fmt.Sprintf("%d giờ", m/60)
	default:
		return fmt.Sprintf("%d giờ %d phút", m/60, m%60)
	}
}

func hoursEn(m int) string {
	switch {
	case m < 60:
		return fmt.Sprintf("%d min", m)
	case m%60 == 0:
		return fmt.Sprintf("%d h", m/60)
	default:
		return fmt.Sprintf("%d h %d min", m/60, m%60)
	}
}
