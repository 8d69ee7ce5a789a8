package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

func roomDevicesAreLent(t *testing.T, f *fixture) {
	d := f.device(t, unit)
	own := court.ScopeOf(unit)
	lent := func() []court.UnitID {
		t.Helper()
		list, err := f.B.RoomDeviceCourts(bg(), d.ID)
		require.NoError(t, err)
		return list
	}
	lend := func(sc court.Scope, to court.UnitID, yes bool) error {
		return f.A.LendRoomDevice(bg(), sc, d.ID, to, yes, by(unit, "device.lent", d.ID))
	}
	require.Empty(t, lent())
	require.ErrorIs(t, lend(court.ScopeOf(foreign), foreign, true), store.ErrNotFound, "nobody helps themselves")
	require.NoError(t, lend(own, foreign, true))
	require.NoError(t, lend(own, foreign, true), "again")
	require.NoError(t, lend(own, "another", true))
	require.Equal(t, []court.UnitID{"another", foreign}, lent())
	has := func(to court.UnitID, want ...store.RoomDevice) {
		t.Helper()
		list, err := f.B.RoomDevicesLentTo(bg(), to)
		require.NoError(t, err)
		require.Equal(t, want, list, to)
	}
	other := f.device(t, foreign)
	has(foreign, d)
	has("another", d)
	require.NoError(t, lend(own, unit, true), "to oneself, which gives nothing more")
	has(unit)
	require.NoError(t, f.A.LendRoomDevice(bg(), court.ScopeOf(foreign), other.ID, unit, true, by(foreign, "device.lent", other.ID)))
	has(unit, other)
	require.NoError(t, lend(own, unit, false))
	require.ErrorIs(t, lend(court.ScopeOf(foreign), foreign, false), store.ErrNotFound)
	require.NoError(t, lend(own, "another", false))
	require.NoError(t, lend(own, "another", false), "again")
	require.Equal(t, []court.UnitID{foreign}, lent())
	for n := range store.MaxLent - 1 {
		_, err := f.Raw.Exec(`INSERT INTO room_device_court (device, court) VALUES ($1, $2)`, d.ID, fmt.Sprint("court-", n))
		require.NoError(t, err)
	}
	require.ErrorIs(t, lend(own, "one-more", true), store.ErrInvalid)
	d.Revoked = true
	require.NoError(t, f.A.PutRoomDevice(bg(), own, d, by(unit, "device.revoked", d.ID)))
	require.ErrorIs(t, lend(own, "late", true), store.ErrNotFound)
	has(foreign)
	require.NoError(t, lend(own, foreign, false))
	require.ErrorIs(t, f.A.LendRoomDevice(bg(), sys(), "nothing", unit, true, by(unit, "device.lent", d.ID)), store.ErrNotFound)
}

func importsAreNoted(t *testing.T, f *fixture) {
	sc := court.ScopeOf(unit)
	i := store.Imported{Unit: unit, DocketNo: "45/2026/TLST-HS", Digest: [32]byte{1}, At: at(time.Second)}
	_, err := f.B.LastImported(bg(), sc, unit, i.DocketNo)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, f.A.PutImported(bg(), sc, i))
	i.Digest, i.At = [32]byte{2}, at(2*time.Second)
	require.NoError(t, f.A.PutImported(bg(), sc, i))
	got, err := f.B.LastImported(bg(), sc, unit, i.DocketNo)
	require.NoError(t, err)
	require.Equal(t, i, got, "the last")
	_, err = f.B.LastImported(bg(), court.ScopeOf(foreign), unit, i.DocketNo)
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = f.B.LastImported(bg(), sys(), foreign, i.DocketNo)
	require.ErrorIs(t, err, store.ErrNotFound, "each unit has its own")
	require.ErrorIs(t, f.A.PutImported(bg(), court.ScopeOf(foreign), i), store.ErrNotFound)
	require.ErrorIs(t, f.A.PutImported(bg(), sc, store.Imported{Unit: unit}), store.ErrInvalid)
}
