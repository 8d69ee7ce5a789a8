package relay

import (
	"net"
	"net/netip"
	"testing"

	"github.com/pion/stun/v4"
	"github.com/stretchr/testify/require"
)

// A defect that a client's message meets costs the message or the connection, not the
// process and all hearings with it.
func TestAPanicCostsTheMessage(t *testing.T) {
	r := newSite(t, Limits{Handshakes: 1}).Relay
	panics := func() uint64 { return r.count.refused[refusedPanic].Load() }

	broken := &Relay{p: r.p, log: r.log, count: r.count} // without a limiter of unknown requests
	m := stun.MustBuild(stun.TransactionID, stun.BindingRequest)
	require.NotPanics(t, func() {
		forPion, reply := broken.vet(m.Raw, netip.MustParseAddr("127.0.0.1"))
		require.False(t, forPion)
		require.Nil(t, reply)
	})
	require.EqualValues(t, 1, panics())

	client, server := net.Pipe()
	defer client.Close()
	l := &listener{r: r, slots: make(chan struct{}, 1)}
	s := r.admit(server)
	require.NotNil(t, s)
	l.slots <- struct{}{}
	require.NotPanics(t, func() { l.handshake(s, nil) })
	require.EqualValues(t, 2, panics())
	require.Empty(t, l.slots, "the place of the handshake is given back")
	_, err := client.Write([]byte{1})
	require.Error(t, err, "the connection is closed")
	require.Nil(t, r.stream(server.RemoteAddr(), server.LocalAddr()))
	require.Empty(t, r.streams)
}
