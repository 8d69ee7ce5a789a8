package nethost

import (
	"context"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/test/trial/impair"
)

func newPair(t *testing.T) (a, b *Host) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	a, err := NewHost(fmt.Sprintf("pta%d", os.Getpid()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	b, err = NewHost(fmt.Sprintf("ptb%d", os.Getpid()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return a, b
}

func TestPacketsCrossTheImpairedLineAndNoOther(t *testing.T) {
	a, b := newPair(t)
	ta, err := a.TUN("tun0", "10.77.0.1/30")
	require.NoError(t, err)
	tb, err := b.TUN("tun0", "10.77.0.2/30")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	counts := make(chan impair.Counts, 2)
	go func() { counts <- impair.NewPipe(impair.Line{}, 1).Run(ctx, tb, ta) }()
	go func() { counts <- impair.NewPipe(impair.Line{}, 2).Run(ctx, ta, tb) }()

	var server, client net.PacketConn
	require.NoError(t, a.Do(func() (err error) { server, err = net.ListenPacket("udp", "10.77.0.1:5000"); return err }))
	require.NoError(t, b.Do(func() (err error) { client, err = net.ListenPacket("udp", "10.77.0.2:0"); return err }))
	_, err = client.WriteTo([]byte("phiên tòa"), server.LocalAddr())
	require.NoError(t, err)
	require.NoError(t, server.SetReadDeadline(time.Now().Add(10*time.Second)))
	buf := make([]byte, 64)
	n, from, err := server.ReadFrom(buf)
	require.NoError(t, err)
	require.Equal(t, "phiên tòa", string(buf[:n]))
	require.Equal(t, client.LocalAddr().String(), from.String())
	_ = server.Close()
	_ = client.Close()

	cancel()
	_ = ta.Close()
	_ = tb.Close()
	carried := (<-counts).Packets + (<-counts).Packets
	require.NotZero(t, carried)
}

func TestRelayReachesALoopbackServerOfTheOtherHost(t *testing.T) {
	a, b := newPair(t)
	ctx, cancel := context.WithCancel(context.Background())
	var l net.Listener
	require.NoError(t, a.Do(func() (err error) { l, err = net.Listen("tcp", "127.0.0.1:8099"); return err }))
	go func() {
		c, err := l.Accept()
		if err == nil {
			_, _ = c.Write([]byte("xin chào"))
			_ = c.Close()
		}
	}()
	wait, err := Relay(ctx, b, a, "127.0.0.1:8099", "127.0.0.1:8099")
	require.NoError(t, err)
	var c net.Conn
	require.NoError(t, b.Do(func() (err error) { c, err = net.Dial("tcp", "127.0.0.1:8099"); return err }))
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	buf := make([]byte, 64)
	n, err := c.Read(buf)
	require.NoError(t, err)
	require.Equal(t, "xin chào", string(buf[:n]))
	_ = c.Close()
	_ = l.Close()
	cancel()
	wait()
}
