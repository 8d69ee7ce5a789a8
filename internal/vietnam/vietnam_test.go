package vietnam_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/vietnam"
)

func TestTheDayBeginsSevenHoursBeforeUTC(t *testing.T) {
	at := time.Date(2026, time.November, 22, 17, 0, 0, 0, time.UTC)
	require.Equal(t, "ngày 23 tháng 11 năm 2026", vietnam.Day(at))
	require.Equal(t, "ngày 22 tháng 11 năm 2026", vietnam.Day(at.Add(-time.Microsecond)))
	require.Equal(t, "2026-11-23 00:00", vietnam.Time(at).Format("2006-01-02 15:04"))
	require.True(t, vietnam.Time(at).Equal(at))
}
