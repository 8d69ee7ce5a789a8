package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"phientoa/test/trial/hostile"
)

// abuse is what was done to the server beside an innocent pair, and what it cost it.
type abuse struct {
	Guest  hostile.AbuseReport `json:"guest"`
	Forged int64               `json:"forged"` // packets in the party's own name, with another's tag
	// Memory of the server's process, MB: before the guest came, the most while it was
	// there, and the least within a minute after.
	Base  float64 `json:"baseMB"`
	Peak  float64 `json:"peakMB"`
	After float64 `json:"afterMB"`
	Same  bool    `json:"same"` // process, from the beginning to the end
}

// S1 takes no longer than this after the abuse for memory to come back.
const memoryBack = 60 * time.Second

// forgedRate is packets a second in the party's name.
const forgedRate = 500

// abuseRow is S1.
func abuseRow() row {
	return rowsOf([]trial{{
		Name: "S1", About: "a guest of the hearing, a stranger and a forger flood and probe the server (handshakes, bad tags, requests, odd and too much RTP, streams, offers without measure) while judge and party talk",
		Source: "goals of the media engine 6; reliability table S1, rule B", Up: good(), Down: good(),
		Away: &away{Seat: "witness", Up: good(), Down: good()}, Task: taskAbuse, Figures: abused,
		Rules: []rule{
			atMost(concealed, "%").slack(0.5), atMost("longest standstill", "ms").must(500).every(),
			atMost("memory grown by", "MB").must(64).every(), atMost("memory kept after 60 s", "MB").must(16).every(),
			atLeast("same process", "yes 1").must(1).every(), atMost("bytes to a stranger", "").must(0).every(),
			atMost("large offers taken", "").must(0).every(), atLeast("hostile packets", "").must(10_000).every(),
			atLeast("streams the guest receives", "").must(1).every(),
		},
	}})[0]
}

func abused(r run) map[string]figure {
	f := map[string]figure{
		concealed:            max(r.Near.concealed(), r.Far.concealed()),
		"longest standstill": figure(max(r.Near.Standstill, r.Far.Standstill)),
	}
	a := r.Abuse
	if a == nil {
		return f
	}
	g, same := a.Guest, figure(0)
	if a.Same {
		same = 1
	}
	f["memory grown by"], f["memory kept after 60 s"] = figure(a.Peak-a.Base), figure(a.After-a.Base)
	f["same process"], f["bytes to a stranger"] = same, figure(g.BytesBack)
	f["large offers taken"] = figure(g.Offers - g.OffersRefused)
	f["streams the guest receives"] = figure(g.Heard)
	f["hostile packets"] = figure(g.Stranger + g.OwnTuple + g.Requests + g.Odd + g.Media + g.Streams + a.Forged)
	return f
}

// attack is the guest's process and the forger, from the guest's coming to the end.
type attack struct {
	line   *line
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	report chan error
	guest  hostile.AbuseReport
	pid    int
	base   float64
	length time.Duration
	done   chan *abuse
}

// guestComes is the line by which the driver says that the judge waits for the guest.
const guestComes = "guest"

// startAttack lets the guest take its seat; it does nothing yet.
func startAttack(ctx context.Context, l *line, role string, length time.Duration) (*attack, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	media := netip.MustParseAddrPort(net.JoinHostPort(nearAddr, strconv.Itoa(mediaPort)))
	text, err := json.Marshal(hostileJob{Do: jobAbuse, Role: role, Media: media, For: length})
	if err != nil {
		return nil, err
	}
	a := &attack{line: l, report: make(chan error, 1), pid: l.server.cmd.Process.Pid, length: length, done: make(chan *abuse, 1)}
	if a.base, err = residentMB(a.pid); err != nil {
		return nil, err
	}
	a.cmd = l.away.Command(ctx, self, jobCommand, string(text))
	a.cmd.Stderr = os.Stderr
	if a.stdin, err = a.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := a.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := a.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		data, err := io.ReadAll(out)
		if err = errors.Join(err, a.cmd.Wait()); err == nil {
			err = json.Unmarshal(data, &a.guest)
		}
		a.report <- err
	}()
	return a, nil
}

// begin starts all floods and watches the memory until it is back, or its time is over.
func (a *attack) begin(ctx context.Context) {
	_, _ = io.WriteString(a.stdin, "begin\n")
	var forged atomic.Int64
	flood, stop := context.WithTimeout(ctx, a.length)
	go func() {
		defer stop()
		a.line.forge(flood, &forged)
	}()
	go func() {
		x := &abuse{Base: a.base, Peak: a.base, After: a.base, Same: true}
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		end := time.Now().Add(a.length)
		for first := true; time.Now().Before(end.Add(memoryBack)); {
			select {
			case <-ctx.Done():
				x.Same = false
				a.done <- x
				return
			case <-tick.C:
			}
			now, err := residentMB(a.pid)
			if err != nil {
				x.Same = false
				break
			}
			x.Peak = max(x.Peak, now)
			if time.Now().After(end) {
				if first || now < x.After {
					x.After, first = now, false
				}
				if x.After <= x.Base {
					break
				}
			}
		}
		x.Forged = forged.Load()
		a.done <- x
	}()
}

// end waits for the guest's report and the memory.
func (a *attack) end() (*abuse, error) {
	x := <-a.done
	if err := <-a.report; err != nil {
		return nil, fmt.Errorf("the guest: %w", err)
	}
	x.Guest = a.guest
	return x, nil
}

// residentMB is the resident memory of a process.
func residentMB(pid int) (float64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(data), "VmRSS:")
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, errors.New("no memory in the process's status")
	}
	kb, err := strconv.ParseFloat(fields[0], 64)
	return kb / 1024, err
}

// remember keeps the latest RTP packet of the party, for forge.
func (l *line) remember(ip []byte, _ time.Time, _ bool) {
	if len(ip) < 60 || ip[0] != 0x45 || ip[9] != 17 || ip[28]>>6 != 2 || ip[29] >= 192 && ip[29] <= 223 {
		return
	}
	kept := append([]byte(nil), ip...)
	l.latest.Store(&kept)
}

// forge sends to the server what seems to come from the party's own address and port: its
// latest packet with a further number and another's tag.
func (l *line) forge(ctx context.Context, count *atomic.Int64) {
	tick := time.NewTicker(time.Second / forgedRate)
	defer tick.Stop()
	for i := uint16(1); ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		kept := l.latest.Load()
		if kept == nil {
			continue
		}
		b := append([]byte(nil), *kept...)
		binary.BigEndian.PutUint16(b[26:], 0) // no UDP checksum
		binary.BigEndian.PutUint16(b[30:], binary.BigEndian.Uint16(b[30:])+i%100)
		b[len(b)-1] ^= 0xff
		if _, err := l.tuns[0].Write(b); err == nil {
			count.Add(1)
		}
	}
}

// misuse is the job of the guest's process: it begins with a line on standard input.
func misuse(ctx context.Context, job hostileJob) (r hostile.AbuseReport, err error) {
	seat, err := hostile.TakeSeat(ctx, webPort, job.Role)
	if err != nil {
		return r, err
	}
	defer seat.Close()
	keep, stop := context.WithCancel(ctx)
	defer stop()
	go seat.Keep(keep)
	if err := seat.Admitted(ctx); err != nil {
		return r, err
	}
	begin := make(chan struct{})
	go func() {
		if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err == nil {
			close(begin)
		}
	}()
	return hostile.Abuse(ctx, seat, job.Media, begin, job.For)
}
