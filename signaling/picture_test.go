package signaling

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/sfu"
)

// A picture that somebody in the hearing cannot decode is refused with the reason, and the
// operators hear once of whose it is and who cannot see it; so they do of one that is there
// before whoever cannot see it.
func TestAPictureThatSomebodyCannotSeeIsAnAlarm(t *testing.T) {
	f, m := &fakeOffice{}, &fakeMedia{fails: fmt.Errorf("negotiate: %w", &sfu.CodecError{Peer: device(judge)})}
	w := newWorld(t, func(p *RoomsParams) { p.Alarms, p.Media, p.Recorder = f, m, &fakeEvidence{} })
	j, p := w.session()
	require.Equal(t, "media_codec", p.offer())
	eventually(t, "alarm", func() bool { return len(f.kinds()) == 1 })
	require.Equal(t, alarmPicture, f.alarms[0].Kind)
	require.Equal(t, device(party), f.alarms[0].Device)
	require.Equal(t, device(judge), f.alarms[0].Detail)
	m.mu.Lock()
	m.fails = nil
	joined := m.params[len(m.params)-1]
	m.mu.Unlock()
	require.False(t, joined.Onlooker)

	require.Empty(t, j.offer())
	m.mu.Lock()
	o := m.params[len(m.params)-1].Observer
	m.mu.Unlock()
	for range 3 {
		o.ReceiverStates("", []sfu.ReceiverState{
			{MID: "0", Source: sfu.SourceID{Peer: device(party), Kind: sfu.Cam}, Granted: true, PausedBy: sfu.PausedByCodec},
			{MID: "1", Source: sfu.SourceID{Peer: "d-other", Kind: sfu.Cam}, Granted: true, PausedBy: sfu.PausedByLost},
		})
	}
	eventually(t, "another", func() bool { return len(f.kinds()) == 2 })
	w.close()
	require.Len(t, f.alarms, 2, "once, and of nothing else")
	require.Equal(t, device(party), f.alarms[1].Device)
	require.Equal(t, device(judge), f.alarms[1].Detail)
}

// What nobody takes is refused with other words; who only watches is asked by nobody.
func TestRefusedFormats(t *testing.T) {
	f, m := &fakeOffice{}, &fakeMedia{fails: sfu.ErrCodec}
	w := newWorld(t, func(p *RoomsParams) { p.Alarms, p.Media, p.Recorder = f, m, &fakeEvidence{} })
	_, p := w.session()
	require.Equal(t, "media_format", p.offer())
	eventually(t, "alarm", func() bool { return len(f.kinds()) == 1 })
	require.Empty(t, f.alarms[0].Detail)

	told := 0
	s := &seatMedia{onlooker: true, unseen: func(_, _ hearing.DeviceID) { told++ }, seat: &seat{device: "d"}}
	o := &mediaObserver{m: s}
	o.ReceiverStates("", []sfu.ReceiverState{{MID: "0", Granted: true, PausedBy: sfu.PausedByCodec}})
	require.Zero(t, told)

	b := &bench{t: t, st: &fakeStore{}, ev: &fakeEvidence{}, media: &fakeMedia{}}
	booking := wireBooking()
	require.NoError(t, BookHearing(t.Context(), b.st, "booker", store.Hearing{ID: testHearing, Room: testRoom}, nil, booking, time.Now()))
	b.open()
	defer b.rooms.Close()
	for _, p := range booking.People {
		require.Equal(t, p.ID == viewer, b.sit(string(p.ID)).place.media.onlooker, p.ID)
	}
	require.False(t, hearing.Watches(nil, "wall"))
}
