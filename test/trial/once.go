package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"phientoa/test/trial/impair"
	"phientoa/test/trial/nethost"
)

// Addresses of the ends of the lines, inside namespaces of our own.
const (
	nearAddr  = "10.77.0.1"
	farAddr   = "10.77.0.2"
	newAddr   = "10.77.1.2" // of the far end after it has moved
	gateAddr  = "10.77.2.1" // of the near host, on the line to the away host
	awayAddr  = "10.77.2.2"
	webPort   = 8097
	mediaPort = 7000
	tlsPort   = 443 // of the relay
)

// run is one measured pair of browsers.
type run struct {
	Mode         string        `json:"mode"`
	FlowingAfter float64       `json:"flowingAfter"`
	Near         received      `json:"near"`
	Far          received      `json:"far"`
	Up           impair.Counts `json:"up"`
	Down         impair.Counts `json:"down"`
	Record       *record       `json:"record,omitempty"`
	// Seen is what a task other than counting quality measured.
	Seen json.RawMessage `json:"seen,omitempty"`
	// Abuse is what was done to the server meanwhile, and what it cost it.
	Abuse *abuse `json:"abuse,omitempty"`
	// Moved is for how long after the change of address no sound came, in seconds.
	Moved struct {
		Near float64 `json:"near"`
		Far  float64 `json:"far"`
	} `json:"moved"`
	// Join is how the party came in: seconds from the press of "present" to a standing
	// connection, and its local candidate.
	Join struct {
		After float64 `json:"after"`
		Way   string  `json:"way"`
	} `json:"join"`
}

// received is what one browser got in the window, by its own getStats.
type received struct {
	FrozenShare     float64 `json:"frozenShare"`
	FramesPerSecond float64 `json:"framesPerSecond"`
	// Standstill is the longest time between two pictures on the screen, ms; of some
	// tasks alone.
	Standstill float64 `json:"standstill,omitempty"`
	// Slots are half seconds of the window, in order.
	Slots []slot `json:"slots"`
	// Detail is what the browser counts of each video stream, to explain the rest.
	Detail json.RawMessage `json:"detail"`
	Audio  struct {
		Packets         float64 `json:"packets"`
		Lost            float64 `json:"lost"`
		Samples         float64 `json:"samples"`
		Concealed       float64 `json:"concealed"`
		SilentConcealed float64 `json:"silentConcealed"`
	} `json:"audio"`
}

// slot is half a second: frames decoded and the height of the picture.
type slot struct {
	Frames float64 `json:"frames"`
	Height float64 `json:"height"`
}

// slotTime is the length of a slot.
const slotTime = 500 * time.Millisecond

// once builds the hosts and their lines, measures one pair and removes it all. In
// mode "control" the browsers talk to each other, in mode "sfu" through the server.
func (t trial) once(ctx context.Context, o options, seed uint64, mode string) (r run, err error) {
	dir, err := os.MkdirTemp("", "trial-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	l, err := newLine(t, seed)
	if err != nil {
		return r, err
	}
	data := filepath.Join(dir, "data")
	if mode == "sfu" {
		var stop func()
		if l.server, stop, err = serve(ctx, l, o.Binary, data, t.WebOverLines); err != nil {
			return r, errors.Join(err, l.close(nil))
		}
		defer stop()
	}
	err = t.drive(ctx, l, mode, dir, o, &r)
	if err = errors.Join(err, l.close(&r)); err != nil || l.wire == nil || l.server == nil {
		return r, err
	}
	l.server.stop()
	r.Record, err = l.wire.compare(data)
	return r, err
}

// serve starts the server beside the near host, and the way to its pages and signaling
// from the others: past the lines, so that they carry media alone, or over them.
func serve(ctx context.Context, l *line, binary, data string, overLines bool) (s *server, stop func(), err error) {
	s, err = startServer(ctx, l.near, binary, data)
	if err != nil {
		return nil, nil, err
	}
	relayCtx, cancel := context.WithCancel(ctx)
	waits := []func(){s.stop}
	stop = func() {
		cancel()
		for _, wait := range waits {
			wait()
		}
	}
	web := "127.0.0.1:" + strconv.Itoa(webPort)
	carry := func(h, to *nethost.Host, listen, dial string) {
		if h == nil || err != nil {
			return
		}
		var wait func()
		if wait, err = nethost.Relay(relayCtx, h, to, listen, dial); err == nil {
			waits = append(waits, wait)
		}
	}
	if overLines {
		gate := net.JoinHostPort(nearAddr, strconv.Itoa(webPort))
		carry(l.near, l.near, gate, web)
		carry(l.far, l.far, web, gate)
		carry(l.away, l.away, web, gate)
	} else {
		carry(l.far, l.near, web, web)
		carry(l.away, l.near, web, web)
	}
	if err != nil {
		stop()
		return nil, nil, err
	}
	return s, stop, nil
}

// line is the hosts and what carries packets between them.
type line struct {
	near, far *nethost.Host
	away      *nethost.Host // nil without a third
	server    *server       // nil in a control run
	tuns      []*os.File
	cancel    context.CancelFunc
	wg        sync.WaitGroup
	pipes     []*impair.Pipe
	up, down  impair.Counts
	latest    atomic.Pointer[[]byte] // RTP packet of the far side, when somebody forges it
	wire      *wire                  // what the far side sent, when the trial is about the record
}

func newLine(t trial, seed uint64) (l *line, err error) {
	l = &line{}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close(nil))
		}
	}()
	id := strconv.Itoa(os.Getpid())
	if l.near, err = nethost.NewHost("trn" + id); err != nil {
		return l, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	if l.far, err = nethost.NewHost("trf" + id); err != nil {
		return l, err
	}
	up, down := impair.NewPipe(t.Up, seed<<2), impair.NewPipe(t.Down, seed<<2|1)
	if t.Recorded {
		l.wire = &wire{sent: map[uint32]map[uint16]passage{}}
		up.Seen = l.wire.see
	}
	if t.Task == taskAbuse {
		up.Seen = l.remember
	}
	if err := l.join(ctx, l.far, "tun0", nearAddr, farAddr, up, down); err != nil || t.Away == nil {
		return l, err
	}
	if l.away, err = nethost.NewHost("tra" + id); err != nil {
		return l, err
	}
	up, down = impair.NewPipe(t.Away.Up, seed<<2|2), impair.NewPipe(t.Away.Down, seed<<2|3)
	// Without us the two far hosts reach each other through the near one.
	if err := l.near.Run("sysctl", "-qw", "net.ipv4.ip_forward=1"); err != nil {
		return l, err
	}
	return l, l.join(ctx, l.away, "tun1", gateAddr, awayAddr, up, down)
}

// join lays the two directions of a line between the near host and another.
func (l *line) join(ctx context.Context, to *nethost.Host, dev, here, there string, up, down *impair.Pipe) error {
	near, err := l.near.TUN(dev, here+"/30")
	if err != nil {
		return err
	}
	l.tuns = append(l.tuns, near)
	far, err := to.TUN("tun0", there+"/30")
	if err != nil {
		return err
	}
	l.tuns = append(l.tuns, far)
	l.pipes = append(l.pipes, up, down)
	first := to == l.far
	carry := func(p *impair.Pipe, counts *impair.Counts, dst, src *os.File) {
		c := p.Run(ctx, dst, src)
		if first {
			*counts = c
		}
	}
	l.wg.Go(func() { carry(up, &l.up, near, far) })
	l.wg.Go(func() { carry(down, &l.down, far, near) })
	return nil
}

func (l *line) close(r *run) error {
	if l.cancel != nil {
		l.cancel()
	}
	var errs []error
	for _, f := range l.tuns {
		errs = append(errs, f.Close())
	}
	l.wg.Wait()
	for _, h := range []*nethost.Host{l.near, l.far, l.away} {
		if h != nil {
			errs = append(errs, h.Close())
		}
	}
	if r != nil {
		r.Up, r.Down = l.up, l.down
	}
	return errors.Join(errs...)
}

// measuring is the line by which the browsers' driver says that it begins to measure.
const measuring = "measuring"

// drive runs the browsers, marks the beginning of the measurement on the lines and
// reads the last line of what they say.
func (t trial) drive(ctx context.Context, l *line, mode, dir string, o options, r *run) error {
	config, err := t.config(ctx, l, mode, dir, o)
	if err != nil {
		return err
	}
	text, err := json.Marshal(config)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "node", "test/trial/drive.mjs", string(text))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	last, guest, err := t.follow(ctx, l, out, o)
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return fmt.Errorf("browsers: %w: %s", err, stderr.String())
	}
	if err := json.Unmarshal(last, r); err != nil || guest == nil {
		return err
	}
	r.Abuse, err = guest.end()
	return err
}

// follow does at each line of the driver what it is due for, and gives the last.
func (t trial) follow(ctx context.Context, l *line, out io.Reader, o options) (last []byte, guest *attack, err error) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		last = append(last[:0], lines.Bytes()...)
		switch string(last) {
		case guestComes:
			if guest, err = startAttack(ctx, l, t.Away.Seat, o.Window); err != nil {
				return last, guest, err
			}
		case measuring:
			for _, p := range l.pipes {
				p.Mark(time.Now())
			}
			if guest != nil {
				guest.begin(ctx)
			}
		}
	}
	return last, guest, lines.Err()
}

// config is what the driver is told.
func (t trial) config(ctx context.Context, l *line, mode, dir string, o options) (map[string]any, error) {
	files, err := t.devices(ctx, dir)
	if err != nil {
		return nil, err
	}
	c := map[string]any{
		"mode": mode, "port": webPort, "wav": files.sound, "video": files.picture, "pdf": files.pdf, "task": t.Task,
		"warmup": o.Warmup.Seconds(), "window": o.Window.Seconds(), "nearSpeaks": t.NearSpeaks,
	}
	hosts := map[string]*nethost.Host{"near": l.near, "far": l.far}
	if t.Away != nil {
		switch {
		case t.Task == taskAbuse: // a guest of our own making
		case t.Away.Seat == "judge":
			hosts["near"] = l.away
		default:
			hosts["third"], c["thirdRole"] = l.away, t.Away.Seat
		}
	}
	for name, h := range hosts {
		if c[name], err = t.browserIn(h, dir); err != nil {
			return nil, err
		}
	}
	if t.Move {
		c["move"] = map[string]string{"host": l.far.Name, "from": farAddr + "/30", "to": newAddr + "/30"}
	}
	return c, nil
}

func (t trial) browserIn(h *nethost.Host, dir string) (string, error) {
	p, flag := filepath.Join(dir, "chromium-"+h.Name), ""
	if t.Managed {
		flag = " --webrtc-ip-handling-policy=default_public_interface_only"
	}
	script := fmt.Sprintf("#!/bin/sh\nexec ip netns exec %s /usr/bin/chromium%s \"$@\"\n", h.Name, flag)
	return p, os.WriteFile(p, []byte(script), 0o700)
}

type server struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// startServer starts the demonstration in the near host and returns when it
// has printed its address.
func startServer(ctx context.Context, h *nethost.Host, binary, data string) (*server, error) {
	cert, key, err := certificate(filepath.Dir(data))
	if err != nil {
		return nil, err
	}
	cmd := h.Command(ctx, binary, "demo", "--case", "plain", "--data-dir", data,
		"--port", strconv.Itoa(webPort), "--media-address", nearAddr,
		"--relay-tls", net.JoinHostPort(nearAddr, strconv.Itoa(tlsPort)), "--relay-cert", cert, "--relay-key", key)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd, done: make(chan struct{})}
	ready := make(chan struct{})
	go func() {
		defer close(s.done)
		lines, once := bufio.NewScanner(out), sync.Once{}
		for lines.Scan() {
			if strings.Contains(lines.Text(), ":"+strconv.Itoa(webPort)) {
				once.Do(func() { close(ready) })
			}
		}
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
	}()
	select {
	case <-ready:
		return s, nil
	case <-s.done:
		return nil, errors.New("the server ended before it was ready")
	case <-time.After(30 * time.Second):
		s.stop()
		return nil, errors.New("the server was not ready within 30 s")
	case <-ctx.Done():
		s.stop()
		return nil, ctx.Err()
	}
}

// certificate makes one for the near host; the browsers are told to take it.
func certificate(dir string) (cert, key string, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	tpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.ParseIP(nearAddr)},
	}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &k.PublicKey, k)
	if err != nil {
		return "", "", err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return "", "", err
	}
	cert, key = filepath.Join(dir, "relay.pem"), filepath.Join(dir, "relay.key")
	return cert, key, errors.Join(
		os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600),
	)
}

// stop ends the server in order; a second time does nothing.
func (s *server) stop() {
	select {
	case <-s.done:
		return
	default:
	}
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(10 * time.Second):
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.done
	}
}
