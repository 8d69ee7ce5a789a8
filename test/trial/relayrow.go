package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"phientoa/test/trial/hostile"
	"phientoa/test/trial/nethost"
)

// hostileJob is what the command "hostile" is told to do, inside a host of its own.
type hostileJob struct {
	Do    string // "relay" or "abuse"
	Role  string
	Media netip.AddrPort
	For   time.Duration
}

const jobRelay, jobAbuse = "relay", "abuse"

// jobCommand is the command of this program that is a hostile guest.
const jobCommand = "hostile"

// runHostile is that command: one job as JSON, one report as JSON.
func runHostile(ctx context.Context, text string) error {
	var job hostileJob
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		return err
	}
	var report any
	var err error
	switch job.Do {
	case jobRelay:
		report, err = probeRelay(ctx, job)
	case jobAbuse:
		report, err = misuse(ctx, job)
	default:
		return fmt.Errorf("no job %q", job.Do)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(report)
}

func probeRelay(ctx context.Context, job hostileJob) (r hostile.TurnReport, err error) {
	seat, err := hostile.TakeSeat(ctx, webPort, job.Role)
	if err != nil {
		return r, err
	}
	defer seat.Close()
	keep, stop := context.WithCancel(ctx)
	defer stop()
	go seat.Keep(keep)
	relay, err := seat.Relay(ctx)
	if err != nil {
		return r, err
	}
	return hostile.ProbeRelay(ctx, relay, job.Media)
}

// hostileIn runs a job in a host and reads its report.
func hostileIn(ctx context.Context, h *nethost.Host, job hostileJob, report any) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := json.Marshal(job)
	if err != nil {
		return err
	}
	cmd := h.Command(ctx, self, jobCommand, string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("hostile guest: %w", err)
	}
	return json.Unmarshal(out, report)
}

// relayRow is S3: the relay of the running server, asked for what it must never reach,
// with listeners where the packets would come out.
func relayRow() row {
	return row{
		Name: "S3", About: "the running relay is asked for a way to forbidden kinds of addresses, by every method, over UDP, TCP and TLS",
		Source: "goals of the media engine 6; reliability table S3 (T1)",
		Rules: []rule{
			atLeast("kinds refused", "").must(40).every(), atMost("granted", "").must(0).every(),
			atMost("packets that came out", "").must(0).every(), atLeast("media reached", "yes 1").must(1).every(),
			atLeast("ways", "").must(3).every(),
		},
		Measure: measureRelay,
	}
}

func measureRelay(ctx context.Context, o options, seed uint64) (s sample, err error) {
	dir, err := os.MkdirTemp("", "trial-")
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	l, err := newLine(trial{Up: good(), Down: good()}, seed)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, l.close(nil)) }()
	t, err := trapsIn(l.near)
	if err != nil {
		return s, err
	}
	defer t.close()
	_, stop, err := serve(ctx, l, o.Binary, dir+"/data", false)
	if err != nil {
		return s, err
	}
	defer stop()
	var r hostile.TurnReport
	media := netip.MustParseAddrPort(net.JoinHostPort(nearAddr, strconv.Itoa(mediaPort)))
	if err := hostileIn(ctx, l.far, hostileJob{Do: jobRelay, Role: "witness", Media: media}, &r); err != nil {
		return s, err
	}
	refused, reached := r.Kinds, 0
	if len(r.Granted) > 0 {
		refused = 0 // which of them stands in the detail
	}
	if r.Media {
		reached = 1
	}
	s.Detail = r
	s.Hearing = map[string]figure{
		"kinds refused": figure(refused), "granted": figure(len(r.Granted)), "ways": figure(len(r.Ways)),
		"packets that came out": figure(t.count.Load()), "media reached": figure(reached),
	}
	return s, nil
}

// traps are sockets of the near host where what a relay lets through would come out:
// addresses that are nobody's are this host's own, for want of another.
type traps struct {
	conns []net.PacketConn
	count atomic.Int64
}

func trapsIn(h *nethost.Host) (t *traps, err error) {
	t = &traps{}
	for _, a := range []string{"169.254.169.254/32", "10.0.0.1/32", "192.168.1.1/32", "8.8.8.8/32", "100.64.0.1/32"} {
		if err := h.Run("ip", "addr", "add", a, "dev", "lo"); err != nil {
			return nil, err
		}
	}
	port := strconv.Itoa(mediaPort)
	for _, a := range []string{
		"127.0.0.1:" + port, "169.254.169.254:" + port, "10.0.0.1:" + port, "192.168.1.1:" + port, "8.8.8.8:" + port,
		"100.64.0.1:" + port, "[::1]:" + port, nearAddr + ":53", nearAddr + ":9090", nearAddr + ":8080",
	} {
		err := h.Do(func() error {
			c, err := (&net.ListenConfig{}).ListenPacket(context.Background(), "udp", a)
			if err == nil {
				t.conns = append(t.conns, c)
			}
			return err
		})
		if err != nil {
			t.close()
			return nil, err
		}
	}
	for _, c := range t.conns {
		go func() {
			for b := make([]byte, 2000); ; {
				if _, _, err := c.ReadFrom(b); err != nil {
					return
				}
				t.count.Add(1)
			}
		}()
	}
	return t, nil
}

func (t *traps) close() {
	for _, c := range t.conns {
		_ = c.Close()
	}
}
