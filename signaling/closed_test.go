package signaling

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

func cmdDoors(to string) *wire.Command {
	return &wire.Command{Act: &wire.Command_SetVisibility{SetVisibility: &wire.SetVisibility{To: to, Reason: "bí mật đời tư"}}}
}

// TestClosedDoorsCutThePublicAndStayClosed: within a second of the act, also after
// a restart of the node, and for whoever comes later.
func TestClosedDoorsCutThePublicAndStayClosed(t *testing.T) {
	s := newStage(t, wireBooking())
	s.court()
	open := s.now()
	require.Eventually(t, func() bool { return s.heardFrom(judge, viewer, open) }, 20*time.Second, time.Millisecond)
	s.clients[viewer].view("may connect", func(v *wire.View) bool { return v.Connects })

	s.clients[judge].must(cmdDoors("closed"))
	closed := s.now()
	s.clients[viewer].view("outside", func(v *wire.View) bool {
		return v.Visibility == "closed" && v.Place == "" && v.Floor == "" && len(v.People) == 1 && !v.Connects
	})
	// The transport itself goes, not only its grants.
	require.Eventually(t, func() bool {
		st := s.wires[viewer].pc.ConnectionState().String()
		return st == "closed" || st == "disconnected" || st == "failed"
	}, 20*time.Second, 5*time.Millisecond)
	require.Eventually(t, func() bool { return s.heardFrom(judge, assessor, closed+time.Second) }, 20*time.Second, time.Millisecond)
	require.False(t, s.heardFrom(judge, viewer, closed), "0 packets, not only after a second")

	refused := func(c *client) {
		t.Helper()
		c.send(&wire.Envelope{Id: "again", Body: &wire.Envelope_MediaOffer{MediaOffer: &wire.MediaOffer{Sdp: "v=0"}}})
		c.until("media refused", func(es []*wire.Envelope) bool {
			for _, e := range es {
				if a := e.GetMediaAnswer(); a != nil && e.Id == "again" {
					return a.Refusal.GetCode() == "media_not_admitted"
				}
			}
			return false
		})
	}
	refused(s.clients[viewer])

	// Another process on the same log.
	s.hush()
	s.close()
	s.world = startWorld(t, s.st, func(p *RoomsParams) {
		p.Media, p.Recorder = FromEngine(s.engine), &tapRecorder{stage: s}
	})
	for _, p := range []string{judge, assessor, viewer} {
		s.clients[p] = s.enter(p)
	}
	refused(s.clients[viewer])
	v := s.clients[viewer].view("closed", func(v *wire.View) bool { return v.Visibility == "closed" })
	require.Len(t, v.People, 1)
	s.connect(judge)
	s.connect(assessor)
	again := s.now()
	require.Eventually(t, func() bool { return s.heardFrom(judge, assessor, again) }, 20*time.Second, time.Millisecond)
	require.False(t, s.heardFrom(judge, viewer, closed))
	for _, m := range hearing.Routes(s.at()).Members {
		require.NotEqual(t, hearing.ClassPublic, m.Class)
	}
	for _, g := range hearing.Routes(s.at()).Grants {
		require.NotEqual(t, hearing.ClassPublic, g.Audience.Class)
	}

	// And they open again for whom they were closed.
	s.clients[judge].must(cmdDoors("public"))
	s.clients[viewer].view("public", func(v *wire.View) bool { return v.Visibility == "public" && v.Place == "courtroom" })
	s.connect(viewer)
	require.Eventually(t, func() bool { return s.heardFrom(judge, viewer, again) }, 20*time.Second, time.Millisecond)
}
