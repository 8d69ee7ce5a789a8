package signaling

import (
	"context"

	"phientoa/internal/store"
)

// EndSeats ends the seats of revoked sign-ins on this node: connection, resume
// window and media. It returns when all of them have ended or ctx has; media
// then cease as fast as a peer closes (docs/limits.md). What another sign-in has
// taken over since stays. Other nodes learn it from the database
// (auth.WatchRevoked).
func (rs *Rooms) EndSeats(ctx context.Context, list []store.Session) {
	type ending struct {
		room *Room
		done chan struct{}
	}
	var endings []ending
	for _, who := range list {
		room := rs.at(who.Hearing)
		if room == nil {
			continue
		}
		done := make(chan struct{})
		err := room.post(ctx, func() {
			defer close(done)
			room.endSeat(who, refuseRevoked())
		})
		if err == nil {
			endings = append(endings, ending{room, done})
		}
	}
	for _, e := range endings {
		select {
		case <-e.done:
		case <-e.room.done:
		case <-ctx.Done():
			return
		}
	}
}
