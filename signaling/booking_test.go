package signaling

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/internal/store/open"
	"phientoa/internal/store/sqlite"
)

// stumbling fails single calls, before or after they are done.
type stumbling struct {
	store.Store
	appendBefore, appendAfter, release, follow bool
}

var errStumbled = errors.New("stumbled")

func (s *stumbling) Append(ctx context.Context, sc court.Scope, l store.Lease, after uint64, lines [][]byte) error {
	if s.appendBefore {
		s.appendBefore = false
		return errStumbled
	}
	err := s.Store.Append(ctx, sc, l, after, lines)
	if s.appendAfter {
		s.appendAfter = false
		return errStumbled
	}
	return err
}

func (s *stumbling) Release(ctx context.Context, sc court.Scope, l store.Lease) error {
	if s.release {
		s.release = false
		return errStumbled
	}
	return s.Store.Release(ctx, sc, l)
}

func (s *stumbling) PutRelease(ctx context.Context, sc court.Scope, r store.Release) error {
	if s.follow {
		s.follow = false
		return errStumbled
	}
	return s.Store.PutRelease(ctx, sc, r)
}

func bookable() (store.Hearing, []store.PersonName) {
	b := testBooking()
	// "e" and a combining circumflex: the store keeps the composed form.
	row := store.Hearing{ID: testHearing, Room: testRoom, Unit: b.Unit, DocketNo: b.DocketNo, Title: "Phie\u0302n", StartsAt: b.StartsAt}
	return row, []store.PersonName{{Person: judge, Name: "Le\u0302", Hearing: testHearing}}
}

func TestBookingAgainCompletesWhatBrokeOff(t *testing.T) {
	for name, faults := range map[string]stumbling{
		"no fault":                        {},
		"the first line failed":           {appendBefore: true},
		"the first line's answer is lost": {appendAfter: true},
		"the lease was not given back":    {release: true},
		"line and lease":                  {appendBefore: true, release: true},
		"who may follow was not written":  {follow: true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, now := context.Background(), time.Now()
			st := faults
			st.Store = openStore(t)
			row, names := bookable()
			b := testBooking()
			err := BookHearing(ctx, &st, "booker", row, names, b, now)
			if name == "no fault" {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, errStumbled)
			}
			for i := range 2 { // at another time: the line that stands is what counts
				later := now.Add(time.Duration(i+1) * time.Minute)
				require.NoError(t, BookHearing(ctx, &st, "booker", row, names, b, later))
			}
			require.Len(t, logLines(t, st.Store), 1)
			d, err := st.CoverageDay(ctx, court.SystemScope(), b.StartsAt, b.StartsAt+1)
			require.NoError(t, err)
			require.Len(t, d.Releases, 1, "who may follow")
			// The node of the booking: a lease that was not given back is its own.
			w := startWorld(t, st.Store, func(p *RoomsParams) { p.Node = "booker" })
			w.enter(judge).must(cmdCheckIn)
		})
	}
}

func TestBookingOtherwiseIsAConflict(t *testing.T) {
	ctx, now := context.Background(), time.Now()
	for _, broke := range []bool{false, true} {
		st := &stumbling{Store: openStore(t), appendBefore: broke}
		row, names := bookable()
		b := testBooking()
		err := BookHearing(ctx, st, "booker", row, names, b, now)
		require.Equal(t, broke, err != nil)

		other := row
		other.Title = "Khác"
		require.ErrorIs(t, BookHearing(ctx, st, "booker", other, names, b, now), store.ErrConflict, "another row")
		otherNames := []store.PersonName{{Person: judge, Name: "Khác", Hearing: testHearing}}
		require.ErrorIs(t, BookHearing(ctx, st, "booker", row, otherNames, testBooking(), now), store.ErrConflict, "another name")
		require.ErrorIs(t, BookHearing(ctx, st, "booker", row, nil, b, now), store.ErrConflict, "no names")
		taken := row
		taken.ID = "0192f0c0-0000-7000-8000-000000000002"
		require.ErrorIs(t, BookHearing(ctx, st, "booker", taken, nil, b, now), store.ErrConflict, "a taken room")
		if !broke {
			b.Court = "khác"
			require.ErrorIs(t, BookHearing(ctx, st, "booker", row, names, b, now), store.ErrConflict, "another booking")
		}
	}
}

// Whoever owns the database file can take the triggers away. What they then
// change is found when the hearing is opened, and nobody enters it.
func TestAChangedLogIsNotOpened(t *testing.T) {
	for name, statement := range map[string]string{
		"a line changed":        `UPDATE state_log SET line = CAST(replace(CAST(line AS TEXT), '"seq":2', '"seq":3') AS BLOB) WHERE seq = 2`,
		"the booking changed":   `UPDATE state_log SET line = CAST(replace(CAST(line AS TEXT), 'TAND', 'TANX') AS BLOB) WHERE seq = 1`,
		"a line taken out":      `DELETE FROM state_log WHERE seq = 2`,
		"the beginning cut off": `DELETE FROM state_log WHERE seq = 1`,
		"a hash changed":        `UPDATE state_log SET hash = prev WHERE seq = 3`,
		"an epoch changed":      `UPDATE state_log SET epoch = 99 WHERE seq = 2`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "t.db")
			st, err := open.Open(context.Background(), "sqlite:"+path)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, st.Close()) })
			bookTest(t, st)
			w := startWorld(t, st, nil)
			w.session()
			w.close()
			require.Greater(t, len(logLines(t, st)), 4)

			raw, err := sqlite.Raw(path, time.Second, false)
			require.NoError(t, err)
			for _, q := range []string{`DROP TRIGGER state_log_update`, `DROP TRIGGER state_log_delete`} {
				_, err := raw.Exec(q)
				require.NoError(t, err)
			}
			res, err := raw.Exec(statement)
			require.NoError(t, err)
			n, err := res.RowsAffected()
			require.NoError(t, err)
			require.EqualValues(t, 1, n)
			require.NoError(t, raw.Close())

			again := startWorld(t, st, nil)
			_, ref := again.rooms.Open(context.Background(), testHearing)
			require.NotNil(t, ref)
			require.Equal(t, "log_broken", ref.Code)
		})
	}
}
