package signaling

import (
	"context"
	"time"

	"phientoa/internal/hearing"
	"phientoa/sfu"
	"phientoa/sfu/relay"
)

// Media opens the media side of hearings. FromEngine makes one of an sfu.Engine.
type Media interface {
	Room(id string) (MediaRoom, error)
}

// MediaRoom is what a room actor asks of the sfu. Apply closes before it
// returns; it must not block on peers.
type MediaRoom interface {
	Apply(rt sfu.Routing) error
	Join(p sfu.PeerParams) (MediaPeer, error)
	Close()
	// SFU is the room that a recorder taps; nil in tests without media.
	SFU() *sfu.Room
}

// MediaPeer is one device's connection.
type MediaPeer interface {
	Negotiate(ctx context.Context, o sfu.Offer) (sfu.Answer, error)
	Prepare(sources []sfu.SourceID)
	Hint(h []sfu.Hint)
	Prefer(id sfu.SourceID)
	// Silence is how long nothing authentic has come from the device.
	Silence() time.Duration
	Close()
}

// RelayPass is one seat's right to reach media through the relay. After Revoke
// returns nothing goes through it any more.
type RelayPass interface {
	Access() relay.Access
	Revoke()
}

// routingFor translates the rules' answer for the sfu: device ids are peer ids.
func routingFor(rt hearing.Routing, epoch uint64) sfu.Routing {
	out := sfu.Routing{
		Epoch:   epoch,
		Grants:  make([]sfu.Grant, 0, len(rt.Grants)),
		Members: make([]sfu.Membership, 0, len(rt.Members)),
	}
	for _, g := range rt.Grants {
		out.Grants = append(out.Grants, sfu.Grant{
			Source:   sourceID(g.Source),
			Audience: sfu.Audience{Peer: string(g.Audience.Device), Class: string(g.Audience.Class)},
			Priority: g.Priority, MinLayer: g.MinLayer, MaxLayer: g.MaxLayer, MayPause: g.MayPause,
			Yield: sfu.Yield(g.Yield),
		})
	}
	for _, m := range rt.Members {
		out.Members = append(out.Members, sfu.Membership{Peer: string(m.Device), Class: string(m.Class)})
	}
	return out
}

func sourceID(s hearing.Source) sfu.SourceID {
	return sfu.SourceID{Peer: string(s.Device), Kind: sfu.SourceKind(s.Kind)}
}

// intersect keeps what both routings allow, with the narrower bounds: it is what may flow
// while an enlargement stands in b but is not durable yet.
func intersect(a, b hearing.Routing) hearing.Routing {
	type grantKey struct {
		s hearing.Source
		a hearing.Audience
	}
	grants := make(map[grantKey]hearing.Grant, len(a.Grants))
	for _, g := range a.Grants {
		grants[grantKey{g.Source, g.Audience}] = g
	}
	members := make(map[hearing.Membership]bool, len(a.Members))
	for _, m := range a.Members {
		members[m] = true
	}
	var out hearing.Routing
	for _, g := range b.Grants {
		if before, ok := grants[grantKey{g.Source, g.Audience}]; ok {
			g.MaxLayer = min(g.MaxLayer, before.MaxLayer)
			g.MayPause = g.MayPause || before.MayPause
			g.Yield = max(g.Yield, before.Yield)
			out.Grants = append(out.Grants, g)
		}
	}
	for _, m := range b.Members {
		if members[m] {
			out.Members = append(out.Members, m)
		}
	}
	return out
}
