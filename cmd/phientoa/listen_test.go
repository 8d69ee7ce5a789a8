package main

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestAThinConnectionWaitsLinearly: what is accepted inherits from the listener that
// the kernel's waits for a lost packet do not double while little is under way.
func TestAThinConnectionWaitsLinearly(t *testing.T) {
	ln, err := listen(t.Context(), "listen", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	var d net.Dialer
	out, err := d.DialContext(t.Context(), "tcp", ln.Addr().String())
	require.NoError(t, err)
	defer out.Close()
	in, err := ln.Accept()
	require.NoError(t, err)
	defer in.Close()
	raw, err := in.(*net.TCPConn).SyscallConn()
	require.NoError(t, err)
	var linear int
	require.NoError(t, raw.Control(func(fd uintptr) {
		linear, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_THIN_LINEAR_TIMEOUTS)
	}))
	require.NoError(t, err)
	require.Equal(t, 1, linear)
}
