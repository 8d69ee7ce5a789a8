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
	"syscall"
	"time"

	"phientoa/test/trial/impair"
	"phientoa/test/trial/nethost"
)

// Addresses of the two ends of the line, inside namespaces of our own.
const (
	nearAddr = "10.77.0.1"
	farAddr  = "10.77.0.2"
	newAddr  = "10.77.1.2" // of the far end after it has moved
	webPort  = 8097
	tlsPort  = 443 // of the relay
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
	// Join is how the party came in: seconds from the press of "present" to a standing
	// connection, and its local candidate.
	// Moved is for how long after the change of address no sound came, in seconds.
	Moved struct {
		Near float64 `json:"near"`
		Far  float64 `json:"far"`
		// Lost is when the judge first read that the party is lost, in seconds since
		// the measurement began; 0 is never.
		Lost float64 `json:"lost"`
	} `json:"moved"`
	Join struct {
		After float64 `json:"after"`
		Way   string  `json:"way"`
	} `json:"join"`
}

// received is what one browser got in the window, by its own getStats.
type received struct {
	ConcealedShare  float64 `json:"concealedShare"`
	FrozenShare     float64 `json:"frozenShare"`
	FramesPerSecond float64 `json:"framesPerSecond"`
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

// once builds the two hosts and the line, measures one pair and removes it all.
func (t trial) once(ctx context.Context, o options, mode string) (r run, err error) {
	dir, err := os.MkdirTemp("", "trial-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	wav, err := speech(ctx, dir)
	if err != nil {
		return r, err
	}
	l, err := newLine(t, o.Seed)
	if err != nil {
		return r, err
	}
	data := filepath.Join(dir, "data")
	var server *server
	if mode == "sfu" {
		var err2 error
		server, err2 = startServer(ctx, l.near, o.Binary, data)
		if err2 != nil {
			return r, errors.Join(err2, l.close(nil))
		}
		defer server.stop()
		relayCtx, stop := context.WithCancel(ctx)
		wait, err2 := t.signal(relayCtx, l)
		if err2 != nil {
			stop()
			return r, errors.Join(err2, l.close(nil))
		}
		defer wait()
		defer stop()
	}
	err = t.drive(ctx, l, mode, dir, wav, o, &r)
	if err = errors.Join(err, l.close(&r)); err != nil || l.wire == nil || server == nil {
		return r, err
	}
	server.stop()
	r.Record, err = l.wire.compare(data)
	return r, err
}

// line is the two hosts and what carries packets between them.
type line struct {
	near, far *nethost.Host
	tuns      []*os.File
	cancel    context.CancelFunc
	wg        sync.WaitGroup
	pipes     []*impair.Pipe
	up, down  impair.Counts
	wire      *wire // what the far side sent, when the trial is about the record
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
	if l.far, err = nethost.NewHost("trf" + id); err != nil {
		return l, err
	}
	near, err := l.near.TUN("tun0", nearAddr+"/30")
	if err != nil {
		return l, err
	}
	l.tuns = append(l.tuns, near)
	far, err := l.far.TUN("tun0", farAddr+"/30")
	if err != nil {
		return l, err
	}
	l.tuns = append(l.tuns, far)
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	up, down := impair.NewPipe(t.Up, seed), impair.NewPipe(t.Down, seed+1)
	l.pipes = []*impair.Pipe{up, down}
	if t.Recorded {
		l.wire = &wire{sent: map[uint32]map[uint16]passage{}}
		up.Seen = l.wire.see
	}
	l.wg.Go(func() { l.up = up.Run(ctx, near, far) })
	l.wg.Go(func() { l.down = down.Run(ctx, far, near) })
	return l, nil
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
	for _, h := range []*nethost.Host{l.near, l.far} {
		if h != nil {
			errs = append(errs, h.Close())
		}
	}
	if r != nil {
		r.Up, r.Down = l.up, l.down
	}
	return errors.Join(errs...)
}

// speech makes the sound that the fake microphones play: Vietnamese, 48 kHz.
func speech(ctx context.Context, dir string) (string, error) {
	raw, wav := filepath.Join(dir, "raw.wav"), filepath.Join(dir, "speech.wav")
	text := "Kính thưa Hội đồng xét xử, tôi xin trình bày toàn bộ sự việc xảy ra vào buổi sáng hôm đó. " +
		"Tôi đã có mặt tại nơi làm việc từ bảy giờ và không rời khỏi phòng cho đến trưa."
	for _, c := range [][]string{
		{"espeak-ng", "-v", "vi", "-s", "150", "-w", raw, text},
		{"ffmpeg", "-v", "error", "-y", "-i", raw, "-ar", "48000", "-ac", "1", wav},
	} {
		if out, err := exec.CommandContext(ctx, c[0], c[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w: %s", c[0], err, out)
		}
	}
	return wav, nil
}

// measuring is the line by which the browsers' driver says that it begins to measure.
const measuring = "measuring"

// drive runs the two browsers, marks the beginning of the measurement on the line and
// reads the last line of what they say.
func (t trial) drive(ctx context.Context, l *line, mode, dir, wav string, o options, r *run) error {
	near, err := browserIn(l.near, dir)
	if err != nil {
		return err
	}
	far, err := browserIn(l.far, dir)
	if err != nil {
		return err
	}
	move := map[string]string(nil)
	if t.Back > 0 && t.Watch == 0 {
		move = map[string]string{"host": l.far.Name, "from": farAddr + "/30", "to": newAddr + "/30"}
	}
	config, err := json.Marshal(map[string]any{
		"move": move, "watch": t.Watch.Seconds(),
		"mode": mode, "near": near, "far": far, "wav": wav, "port": webPort,
		"warmup": o.Warmup.Seconds(), "window": o.Window.Seconds(), "nearSpeaks": t.NearSpeaks,
	})
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "node", "test/trial/drive.mjs", string(config))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var last string
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if last = lines.Text(); last == measuring {
			for _, p := range l.pipes {
				p.Mark(time.Now())
			}
		}
	}
	if err := errors.Join(lines.Err(), cmd.Wait()); err != nil {
		return fmt.Errorf("browsers: %w: %s", err, stderr.String())
	}
	return json.Unmarshal([]byte(last), r)
}

func browserIn(h *nethost.Host, dir string) (string, error) {
	p := filepath.Join(dir, "chromium-"+h.Name)
	script := fmt.Sprintf("#!/bin/sh\nexec ip netns exec %s /usr/bin/chromium \"$@\"\n", h.Name)
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
