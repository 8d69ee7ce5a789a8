package sfu

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ends fails when f hangs; it asserts nothing about how long f takes otherwise.
func ends(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatalf("hangs: %s", what)
	}
}

// The mux may have read a packet when it is closed: then it ends without reading
// again, and nobody ever sees the socket's error.
func TestSocketClosesBehindAReaderThatReadsNoMore(t *testing.T) {
	s, err := openSocket(netip.MustParseAddrPort("127.0.0.1:0"), Params{Now: time.Now}, &counters{})
	require.NoError(t, err)
	m := &muxConn{UDPConn: s.conn, s: s}
	client, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(s.addr))
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Write([]byte("packet"))
	require.NoError(t, err)
	b := make([]byte, 100)
	n, _, err := m.ReadFromAddrPort(b)
	require.NoError(t, err)
	require.Equal(t, "packet", string(b[:n]))

	ends(t, "close with no reader", s.close)
	_, _, err = m.ReadFromAddrPort(b)
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestSocketCloseWaitsForItsReader(t *testing.T) {
	for range 50 {
		s, err := openSocket(netip.MustParseAddrPort("127.0.0.1:0"), Params{Now: time.Now}, &counters{})
		require.NoError(t, err)
		m := &muxConn{UDPConn: s.conn, s: s}
		result := make(chan error, 1)
		go func() {
			_, _, err := m.ReadFromAddrPort(make([]byte, 100))
			result <- err
		}()
		ends(t, "close behind a blocked reader", s.close)
		require.ErrorIs(t, <-result, net.ErrClosed)
	}
}

// Datagrams keep coming while the engine closes, so that the mux is caught at
// every point of its loop.
func TestEngineClosesUnderTraffic(t *testing.T) {
	for range 100 {
		e, err := New(Params{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Loops: 1})
		require.NoError(t, err)
		client, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(e.loops[0].sockets[0].addr))
		require.NoError(t, err)
		started, stop, flood := make(chan struct{}), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(flood)
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					_, _ = client.Write(make([]byte, 100)) // refused once the socket is gone
				}
				if i == 10 {
					close(started)
				}
			}
		}()
		<-started
		ends(t, "Engine.Close", func() { _ = e.Close() })
		close(stop)
		<-flood
		require.NoError(t, client.Close())
	}
}
