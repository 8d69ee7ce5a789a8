package simpoint

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"phientoa/internal/wire"
)

const (
	scheduled = wire.HearingState_HEARING_STATE_SCHEDULED
	inSession = wire.HearingState_HEARING_STATE_IN_SESSION
	closed    = wire.HearingState_HEARING_STATE_CLOSED
	arrived   = wire.PersonStatus_PERSON_STATUS_ARRIVED
	waiting   = wire.PersonStatus_PERSON_STATUS_WAITING
	inside    = wire.PersonStatus_PERSON_STATUS_IN_COURTROOM
	removed   = wire.PersonStatus_PERSON_STATUS_REMOVED
)

// run starts a point and returns its end.
func run(t *testing.T, f *fake, token string) (context.CancelFunc, <-chan error) {
	ctx, cancel := context.WithCancel(t.Context())
	end := make(chan error, 1)
	go func() {
		end <- Run(ctx, Params{BaseURL: f.url(), Token: token, Jitter: func() float64 { return 0 }})
	}()
	t.Cleanup(cancel)
	return cancel, end
}

func answerTo(id, sdp string) *wire.Envelope {
	return &wire.Envelope{Id: id, Body: &wire.Envelope_MediaAnswer{MediaAnswer: &wire.MediaAnswer{Sdp: sdp}}}
}

func TestAPointAttendsAHearing(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	f := newFake(t)
	defer f.http.Close()
	_, end := run(t, f, goodToken)
	s := <-f.sockets
	defer func() { _ = s.conn.Close() }()
	require.Equal(t, "r1", s.hello().Room)

	s.view(scheduled, arrived, "check_in")
	act, id := hears(s, func(e *wire.Envelope) (*wire.Command, bool) { return e.GetCommand(), e.GetCommand() != nil })
	require.True(t, act.GetCheckIn().RulesAccepted)
	s.say(&wire.Envelope{Id: id, Body: &wire.Envelope_CommandResult{CommandResult: &wire.CommandResult{Accepted: true}}})

	s.view(scheduled, waiting)
	o, id := s.offer()
	require.Len(t, o.Publish, 2)
	require.NotContains(t, o.Sdp, "a=recvonly")
	p := newFakePeer(t)
	defer p.close()
	// The server asks for sections before it answers, and again before it has
	// seen the offer that brings them.
	need := func(audio, video uint32) {
		s.say(&wire.Envelope{Body: &wire.Envelope_NeedSections{NeedSections: &wire.NeedSections{Audio: audio, Video: video}}})
	}
	need(2, 1)
	need(2, 1)
	s.say(answerTo(id, p.answer(o)))
	o, id = s.offer()
	require.Equal(t, 3, strings.Count(o.Sdp, "a=recvonly"))
	need(2, 1)
	need(3, 1)
	s.say(answerTo(id, p.answer(o)))
	o, id = s.offer()
	require.Equal(t, 4, strings.Count(o.Sdp, "a=recvonly"), "one more, as asked")
	s.say(answerTo(id, p.answer(o)))
	s.view(inSession, inside)
	p.hearsKind(webrtc.RTPCodecTypeAudio)
	p.hearsKind(webrtc.RTPCodecTypeVideo)

	s.view(closed, inside)
	require.NoError(t, <-end)
}

// The only keyframe of this picture is the first, sent before anybody listens:
// what comes later comes because it was asked for.
func TestAPointAnswersTheWishForAKeyframe(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	sight, err := picture(0)
	require.NoError(t, err)
	inter := slices.DeleteFunc(slices.Clone(sight.frames), keyframe)
	sight.frames = append([][]byte{sight.frames[0]}, slices.Repeat(inter, 100)...)
	sound, err := speech()
	require.NoError(t, err)
	from, err := newPeer(sound, sight)
	require.NoError(t, err)
	defer from.close()
	to := newFakePeer(t)
	defer to.close()
	o, err := from.offer(t.Context())
	require.NoError(t, err)
	require.NoError(t, from.answered(to.answer(o)))
	ssrc := <-to.videos
	for range 3 {
		to.askKeyframe(ssrc)
		<-to.keys
	}
}

func TestARemovedPointSendsNothingUntilItIsBack(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	f := newFake(t)
	defer f.http.Close()
	cancel, end := run(t, f, goodToken)
	s := <-f.sockets
	defer func() { _ = s.conn.Close() }()
	s.hello()
	s.view(inSession, inside)
	o, id := s.offer()
	p := newFakePeer(t)
	defer p.close()
	gone := make(chan struct{})
	// Pion may tell the same state twice.
	tell := sync.OnceFunc(func() { close(gone) })
	p.pc.OnConnectionStateChange(func(st webrtc.PeerConnectionState) {
		if st == webrtc.PeerConnectionStateClosed {
			tell()
		}
	})
	s.say(answerTo(id, p.answer(o)))
	p.hearsKind(webrtc.RTPCodecTypeAudio)
	s.view(inSession, removed)
	<-gone // DTLS close_notify of the point
	// A removal that overtakes an offer is no reason to go away.
	s.view(inSession, inside)
	_, id = s.offer()
	s.say(&wire.Envelope{Id: id, Body: &wire.Envelope_MediaAnswer{MediaAnswer: &wire.MediaAnswer{
		Refusal: &wire.Refusal{Code: "media_not_admitted"},
	}}})
	s.view(inSession, removed)
	s.view(inSession, inside)
	o, id = s.offer()
	again := newFakePeer(t)
	defer again.close()
	s.say(answerTo(id, again.answer(o)))
	again.hearsKind(webrtc.RTPCodecTypeVideo)
	cancel()
	require.ErrorIs(t, <-end, context.Canceled)
}

func TestAPointComesBackByItself(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	f := newFake(t)
	defer f.http.Close()
	f.busy = 1
	_, end := run(t, f, goodToken)
	s := <-f.sockets
	s.hello()
	s.view(inSession, inside)
	s.offer()
	require.NoError(t, s.conn.Close()) // the server dies

	s = <-f.sockets
	require.Empty(t, s.hello().ResumeToken)
	s.say(&wire.Envelope{Body: &wire.Envelope_Bye{Bye: &wire.Bye{Reason: &wire.Refusal{Code: "server_stopping"}, Retry: true}}})
	s = <-f.sockets
	defer func() { _ = s.conn.Close() }()
	s.hello()
	s.say(&wire.Envelope{Body: &wire.Envelope_Bye{Bye: &wire.Bye{Reason: &wire.Refusal{Code: "taken_over"}}}})
	require.ErrorContains(t, <-end, "taken_over")
}

func TestAPointThatIsNotWantedGivesUp(t *testing.T) {
	f := newFake(t)
	defer f.http.Close()
	_, end := run(t, f, "other token")
	require.ErrorContains(t, <-end, "status 403")
	require.Error(t, Run(t.Context(), Params{BaseURL: "ftp://x"}))
}
