package signaling

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
)

// Before a screen that a party reads too, the presiding judge's alerts are the party's:
// neither who is lost nor what the court alone is told.
func TestTheCourtsAlertsAreForScreensOfTheCourtAlone(t *testing.T) {
	b := hearing.Booking{
		People: []hearing.Person{{ID: "j", Capacity: court.PresidingJudge}, {ID: "a", Capacity: court.Plaintiff}},
		Devices: []hearing.Device{
			{ID: "own", People: []hearing.PersonID{"j"}},
			{ID: "shared", People: []hearing.PersonID{"j", "a"}},
		},
	}
	r := &Room{
		p: roomParams{booking: b, overtaken: true}, index: newBookingIndex(b), points: newPointMemory(),
		eff: &hearing.State{People: []hearing.PersonState{{ID: "j"}, {ID: "a"}}},
	}
	codes := func(d hearing.DeviceID) []string {
		var list []string
		hv := hearing.View{Hold: &hearing.HoldView{Since: 1}}
		for _, a := range r.alertsFor(hv, &seat{person: "j", device: d}, time.UnixMicro(2)) {
			list = append(list, a.Code)
		}
		return list
	}
	require.Equal(t, []string{"orders_overtaken", "hold"}, codes("own"))
	require.Equal(t, []string{"technical"}, codes("shared"))
}
