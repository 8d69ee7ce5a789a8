// Package nethost makes test hosts: network namespaces of this process's own,
// joined by TUN devices whose packets this process carries, and relays into
// them. Nothing outside these namespaces is touched; Close removes them.
package nethost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// Host is one network namespace.
type Host struct {
	Name string
	fd   int
}

// NewHost creates a namespace of this name with its loopback up.
func NewHost(name string) (*Host, error) {
	if err := run("ip", "netns", "add", name); err != nil {
		return nil, err
	}
	h := &Host{Name: name, fd: -1}
	if err := run("ip", "-n", name, "link", "set", "lo", "up"); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	fd, err := unix.Open("/run/netns/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open namespace %s: %w", name, err), h.Close())
	}
	h.fd = fd
	return h, nil
}

// Close removes the namespace.
func (h *Host) Close() error {
	if h.fd >= 0 {
		_ = unix.Close(h.fd)
		h.fd = -1
	}
	return run("ip", "netns", "del", h.Name)
}

// Do runs f on a thread that is inside the namespace. Sockets and devices that
// f opens stay in it wherever they are used later. The thread is thrown away.
func (h *Host) Do(f func() error) error {
	result := make(chan error, 1)
	go func() {
		// Never unlocked: the runtime ends the thread with the goroutine, so no
		// other goroutine finds itself in the namespace.
		runtime.LockOSThread()
		if err := unix.Setns(h.fd, unix.CLONE_NEWNET); err != nil {
			result <- fmt.Errorf("enter namespace %s: %w", h.Name, err)
			return
		}
		result <- f()
	}()
	return <-result
}

// Command is exec.CommandContext inside the namespace.
func (h *Host) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", h.Name, name}, args...)...)
}

// Run runs a command inside the namespace to its end.
func (h *Host) Run(name string, args ...string) error {
	return run("ip", append([]string{"netns", "exec", h.Name, name}, args...)...)
}

// TUN opens a TUN device in the namespace with this address (CIDR), up, and as
// the default route, without which browsers gather no candidates.
func (h *Host) TUN(dev, cidr string) (*os.File, error) {
	var f *os.File
	err := h.Do(func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err != nil {
			return fmt.Errorf("open /dev/net/tun: %w", err)
		}
		req, err := unix.NewIfreq(dev)
		if err != nil {
			return err
		}
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
			_ = unix.Close(fd)
			return fmt.Errorf("make TUN %s: %w", dev, err)
		}
		f = os.NewFile(uintptr(fd), dev)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"addr", "add", cidr, "dev", dev},
		{"link", "set", dev, "up", "txqueuelen", "1000"},
		// A further device adds a further way; the first stays the one in use.
		{"route", "append", "default", "dev", dev},
	} {
		if err := run("ip", append([]string{"-n", h.Name}, args...)...); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}

// Relay listens on listenAddr inside h and carries every connection to dialAddr
// inside to, until ctx ends. It returns once it listens; wait waits for the end.
func Relay(ctx context.Context, h, to *Host, listenAddr, dialAddr string) (wait func(), err error) {
	var l net.Listener
	listen := func() (err error) {
		l, err = (&net.ListenConfig{}).Listen(ctx, "tcp", listenAddr)
		return err
	}
	if err := h.Do(listen); err != nil {
		return nil, err
	}
	var wg sync.WaitGroup
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	wg.Go(func() {
		defer stop()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { relayOne(ctx, to, dialAddr, c) })
		}
	})
	return wg.Wait, nil
}

func relayOne(ctx context.Context, to *Host, addr string, c net.Conn) {
	defer func() { _ = c.Close() }()
	var up net.Conn
	err := to.Do(func() (err error) {
		// One address and no fallback: the socket is made on this very thread.
		up, err = (&net.Dialer{FallbackDelay: -1}).DialContext(ctx, "tcp", addr)
		return err
	})
	if err != nil {
		return
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close(); _ = up.Close() })
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(up, c)
		_ = up.Close()
	}()
	_, _ = io.Copy(c, up)
	_ = c.Close()
	_ = up.Close()
	<-done
}

func run(name string, args ...string) error {
	out, err := exec.CommandContext(context.Background(), name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, out)
	}
	return nil
}
