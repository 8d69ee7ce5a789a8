package units

import (
	"fmt"
	"time"

	"phientoa/internal/vietnam"
)

// Day is a date by Vietnam's calendar, as "2025-07-01"; the empty Day is none. Days
// compare as strings, which is why only years of four digits are read.
type Day string

// ParseDay reads a date of the form 2025-07-01, or nothing, which is no day.
func ParseDay(s string) (Day, error) {
	if s == "" {
		return "", nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1900 || t.Year() > 2199 {
		return "", fmt.Errorf("units: %.40q is no date of 1900 to 2199 in the form 2025-07-01", s)
	}
	return Day(s), nil
}

// DayOf is the day on which an instant falls in Vietnam.
func DayOf(t time.Time) Day { return Day(vietnam.Time(t).Format(time.DateOnly)) }

// Span is the time from a day to the day before another; no last day is for ever.
type Span struct {
	From  Day `json:"from"`
	Until Day `json:"until,omitempty"` // the first day on which it is no more
}

// Has tells whether the day is in the span.
func (s Span) Has(d Day) bool { return s.From <= d && s.before(d) }

// before tells whether the day is earlier than the span's end.
func (s Span) before(d Day) bool { return s.Until == "" || d < s.Until }

// covers tells whether every day of the other span is in this one.
func (s Span) covers(o Span) bool {
	return s.From <= o.From && (s.Until == "" || o.Until != "" && o.Until <= s.Until)
}

// overlaps tells whether the spans have a day in common.
func (s Span) overlaps(o Span) bool { return s.before(o.From) && o.before(s.From) }

// sound tells whether the span has dates that exist, in their order.
func (s Span) sound() bool {
	from, err := ParseDay(string(s.From))
	if err != nil || from == "" {
		return false
	}
	_, err = ParseDay(string(s.Until))
	return err == nil && (s.Until == "" || s.From < s.Until)
}
