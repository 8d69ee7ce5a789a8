package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"phientoa/internal/config"
	"phientoa/internal/courtkey"
	"phientoa/internal/pki"
	"phientoa/internal/signer"
)

// signerCmd is a process of its own, so that the keys are not in the address
// space that reads packets from the network.
type signerCmd struct {
	Socket    string   `required:"" help:"Path of the unix socket."`
	PKIDir    string   `name:"pki-dir" required:"" help:"Directory of the local certificate authority and the node's key."`
	Node      string   `default:"node1" help:"Name of the node that the certificate speaks for."`
	UID       []uint32 `name:"uid" help:"User ids that may connect besides the signer's own."`
	Peer      []string `name:"peer" help:"Names of users that may connect besides the signer's own."`
	WithStdin bool     `name:"with-stdin" help:"End when standard input ends: the parent process is gone."`

	CourtKey         string `name:"court-key" help:"PEM file (PKCS #8) of the key with which the court seals archives. Empty: court.key or court.p12 of --pki-dir, where one stands there."`
	CourtCertificate string `name:"court-certificate" help:"PEM file of the court's certificate and its authorities. Empty: court.pem of --pki-dir, or what the token holds."`
	CourtPKCS12      string `name:"court-pkcs12" help:"PKCS #12 file of the court's key and certificates, instead of --court-key."`
	CourtSecret      string `name:"court-secret" help:"File of the password of the PKCS #12 file or the PIN of the token. Empty: court.secret of --pki-dir."`
	CourtModule      string `name:"court-pkcs11" help:"PKCS #11 library of a token that holds the court's key; needs a program built with the tag pkcs11."`
	CourtToken       string `name:"court-token" help:"Label of that token."`
	CourtLabel       string `name:"court-label" help:"Label of key and certificate on that token."`
}

func (c *signerCmd) Run(ctx context.Context, s streams) error {
	logger := newLogger(config.Config{LogLevel: "info", LogFormat: "json"}, s.err)
	uids, err := peers(c.UID, c.Peer)
	if err != nil {
		return err
	}
	id, err := pki.Open(pki.Params{Dir: c.PKIDir, Node: c.Node, Now: time.Now, Rand: rand.Reader})
	if err != nil {
		return err
	}
	k, err := signer.NewKeeper(signer.KeeperParams{Node: id.Key, Certificate: id.Certificate, Now: time.Now, Rand: rand.Reader})
	if err != nil {
		return err
	}
	defer k.Close()
	court, end, err := courtkey.Open(courtkey.Params{
		Dir: c.PKIDir, Key: c.CourtKey, Certificate: c.CourtCertificate, PKCS12: c.CourtPKCS12, Secret: c.CourtSecret,
		Module: c.CourtModule, Token: c.CourtToken, Label: c.CourtLabel,
	})
	if err == nil {
		defer end.Close()
	} else {
		// Hearings are recorded and sealed by the node all the same; the court's seal
		// joins when the key is there.
		logger.Error("the court's key is not open, its seal is not made", "err", err)
	}
	sealer, err := signer.NewSealer(signer.SealerParams{
		Key: id.Key, Certificate: id.Certificate, TSAKey: id.TSAKey, TSACertificate: id.TSACertificate,
		List: id.List, Court: court, Now: time.Now, Rand: rand.Reader,
	})
	if err != nil {
		return err
	}
	if c.WithStdin {
		// A signal to the whole group (Ctrl-C, a service manager) must not take the
		// signer before the parent has signed its last checkpoint: a child lives
		// exactly as long as its parent holds the pipe.
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		go func() { // ends with standard input, at the latest with the process
			_, _ = io.Copy(io.Discard, s.in)
			cancel()
		}()
	}
	return signer.Serve(ctx, signer.ServeParams{
		Socket: c.Socket, Keeper: k, Sealer: sealer, UIDs: uids, Logger: logger,
		Ready: func() { fmt.Fprintln(s.out, "ready") },
	})
}

// peers adds the ids of named users of this system.
func peers(uids []uint32, names []string) ([]uint32, error) {
	out := slices.Clone(uids)
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			return nil, fmt.Errorf("signer: --peer: %w", err)
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("signer: --peer: %w", err)
		}
		out = append(out, uint32(uid))
	}
	return out, nil
}

// signerChild keeps a signer process running.
type signerChild struct {
	socket string
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// startSigner starts this same binary as signer and starts it again whenever it
// ends, after 0.2 s at first and at most 5 s. It returns when the first one is
// ready or has failed.
func startSigner(ctx context.Context, dataDir, node string, logger *slog.Logger) (*signerChild, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("signer: %w", err)
	}
	pkiDir, err := filepath.Abs(filepath.Join(dataDir, "pki"))
	if err != nil {
		return nil, fmt.Errorf("signer: %w", err)
	}
	socket, cleanup, err := socketPath(dataDir)
	if err != nil {
		return nil, fmt.Errorf("signer: %w", err)
	}
	runCtx, cancel := context.WithCancel(context.Background())
	c := &signerChild{socket: socket, cancel: cancel}
	ready := make(chan error, 1)
	c.wg.Go(func() {
		defer cleanup()
		wait := 200 * time.Millisecond
		for {
			began := time.Now()
			err := runSigner(runCtx, self, pkiDir, socket, node, ready)
			if runCtx.Err() != nil {
				return
			}
			logger.Error("signer ended, starting it again", "err", err, "in", wait)
			if time.Since(began) > time.Minute {
				wait = 200 * time.Millisecond
			}
			select {
			case <-runCtx.Done():
				return
			case <-time.After(wait):
			}
			wait = min(2*wait, 5*time.Second)
		}
	})
	select {
	case err = <-ready:
	case <-time.After(15 * time.Second):
		err = fmt.Errorf("signer: not ready within 15 s")
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

// socketPath keeps below the 107 bytes that a unix socket's name may have.
func socketPath(dataDir string) (path string, cleanup func(), err error) {
	path, err = filepath.Abs(filepath.Join(dataDir, "signer.sock"))
	if err != nil || len(path) < 100 {
		return path, func() {}, err
	}
	dir, err := os.MkdirTemp("", "phientoa-signer-")
	if err != nil {
		return "", nil, err
	}
	return filepath.Join(dir, "s"), func() { _ = os.RemoveAll(dir) }, nil
}

// runSigner runs one signer process to its end. The pipe to its standard input
// ends with this process, also by SIGKILL, and it with the pipe.
func runSigner(ctx context.Context, self, pkiDir, socket, node string, ready chan<- error) error {
	cmd := exec.CommandContext(ctx, self, "signer", "--socket", socket, "--pki-dir", pkiDir, "--node", node, "--with-stdin")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	cmd.Cancel = stdin.Close
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	line := make([]byte, len("ready\n"))
	if _, err := io.ReadFull(out, line); err == nil {
		select {
		case ready <- nil:
		default:
		}
	}
	return cmd.Wait()
}

func (c *signerChild) stop() {
	c.cancel()
	c.wg.Wait()
}
