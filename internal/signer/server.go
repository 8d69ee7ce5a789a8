package signer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// ServeParams runs a signer on a socket.
type ServeParams struct {
	Socket string // path of the unix socket, 0600, or 0660 when others may connect
	Keeper *Keeper
	Sealer *Sealer // nil: seal and stamp are refused
	// UIDs may connect besides the signer's own.
	UIDs   []uint32
	Conns  int // connections at once, default 16; more are closed at once
	Logger *slog.Logger
	// Ready, when set, is called once the socket takes connections.
	Ready func()
}

// Serve answers until ctx ends and waits for its goroutines. A stale socket
// file is replaced; one that answers is an error.
func Serve(ctx context.Context, p ServeParams) error {
	if p.Conns <= 0 {
		p.Conns = 16
	}
	mode := os.FileMode(0o600)
	if len(p.UIDs) > 0 {
		mode = 0o660 // the group is the service manager's to choose; admit asks the kernel who it is
	}
	ln, err := listen(ctx, p.Socket, mode)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	if p.Ready != nil {
		p.Ready()
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	seats := make(chan struct{}, p.Conns)
	for {
		c, err := ln.AcceptUnix()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("signer: accept: %w", err)
		}
		select {
		case seats <- struct{}{}:
		default:
			_ = c.Close()
			continue
		}
		wg.Go(func() {
			defer func() { <-seats }()
			stop := context.AfterFunc(ctx, func() { _ = c.Close() })
			defer stop()
			defer c.Close()
			if err := p.conn(ctx, c); err != nil && ctx.Err() == nil && p.Logger != nil {
				p.Logger.Warn("signer connection ended", "error", err)
			}
		})
	}
}

func listen(ctx context.Context, path string, mode os.FileMode) (*net.UnixListener, error) {
	if c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", path); err == nil {
		return nil, errors.Join(fmt.Errorf("signer: %s is served by another process", path), c.Close())
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("signer: %w", err)
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("signer: %w", err)
	}
	if err := os.Chmod(path, mode); err != nil {
		return nil, errors.Join(fmt.Errorf("signer: %w", err), ln.Close())
	}
	return ln, nil
}

// conn serves one client; anything malformed ends the connection.
func (p ServeParams) conn(ctx context.Context, c *net.UnixConn) error {
	if err := p.admit(c); err != nil {
		return err
	}
	for {
		var req request
		if err := readFrame(c, &req); err != nil {
			if errors.Is(err, errFrame) {
				return err
			}
			return nil // the client went away
		}
		a, err := p.answer(ctx, req)
		if errors.Is(err, errFrame) {
			return err
		}
		if err != nil {
			a = answer{Code: codeOf(err), Error: err.Error()}
		}
		if err := c.SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
			return err
		}
		if err := writeFrame(c, a); err != nil {
			return err
		}
	}
}

func (p ServeParams) answer(ctx context.Context, req request) (a answer, err error) {
	switch req.Op {
	case "ping": // a readiness check: no key is touched
		if p.Sealer != nil {
			a.Court, err = p.Sealer.Holds(ctx)
		}
	case "certify":
		a.Statement, err = p.Keeper.Certify(ctx, req.Origin)
	case "sign":
		a.Line, err = p.Keeper.Sign(ctx, req.Origin, req.Text)
	case "rotate":
		a.Statement, err = p.Keeper.Rotate(ctx, req.Origin)
	case "list":
		if p.Sealer != nil {
			a.DER, err = p.Sealer.list()
		}
	case "seal", "countersign", "stamp", "document":
		var digest [sha256.Size]byte
		switch {
		case len(req.Digest) != sha256.Size:
			return a, fmt.Errorf("%w: digest", errFrame)
		case p.Sealer == nil:
			return a, fmt.Errorf("%w: this signer does not seal", ErrRefused)
		}
		copy(digest[:], req.Digest)
		switch req.Op {
		case "seal":
			a.DER, err = p.Sealer.Seal(ctx, req.Origin, digest)
		case "countersign":
			a.DER, err = p.Sealer.Countersign(ctx, req.Origin, digest)
		case "document":
			a.DER, err = p.Sealer.SignDocument(ctx, digest)
		default:
			a.DER, err = p.Sealer.Stamp(ctx, digest)
		}
	default:
		return a, fmt.Errorf("%w: unknown op", errFrame)
	}
	return a, err
}

// admit asks the kernel who is on the other side.
func (p ServeParams) admit(c *net.UnixConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var cred *unix.Ucred
	var cerr error
	if err := raw.Control(func(fd uintptr) {
		cred, cerr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return err
	}
	if cerr != nil {
		return fmt.Errorf("signer: peer credentials: %w", cerr)
	}
	if cred.Uid == uint32(os.Getuid()) {
		return nil
	}
	for _, uid := range p.UIDs {
		if cred.Uid == uid {
			return nil
		}
	}
	return fmt.Errorf("signer: uid %d may not connect", cred.Uid)
}
