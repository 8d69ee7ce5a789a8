// Package vietnam has the time by which the country's courts live.
package vietnam

import (
	"fmt"
	"time"
)

// Time is t on Vietnam's clocks: UTC+7 the whole year, so that no table of zones is
// needed and a verifier without one writes the same.
func Time(t time.Time) time.Time { return t.In(time.FixedZone("+07", 7*60*60)) }

// Day is the date in the court's style: "ngày 22 tháng 11 năm 2026".
func Day(t time.Time) string {
	t = Time(t)
	return fmt.Sprintf("ngày %02d tháng %02d năm %d", t.Day(), int(t.Month()), t.Year())
}
