package sfu

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// ErrOverload: the process has more to do than it can; who only views may not join.
var ErrOverload = errors.New("sfu: overloaded")

// An overloaded process gives pictures up in the order of their Yield, one stage
// after the other, and takes them back in the opposite order.
const (
	loadPace   = 500 * time.Millisecond // between two looks at the load
	shedAfter  = 2 * time.Second        // of heavy load another stage is given up
	shedHold   = 10 * time.Second       // of light load a stage is taken back,
	shedMost   = 2 * time.Minute        // doubled up to this when that did not last
	shedReturn = 30 * time.Second       // for so long
	shedStages = uint32(YieldMonitor)

	heavyLag, lightLag = 200 * time.Millisecond, 50 * time.Millisecond
	heavyCPU, lightCPU = 0.9, 0.7
	heavyFull          = 0.01
)

// load is one look at the process.
type load struct {
	lag  time.Duration // by which the look came too late
	cpu  float64       // share of the cores that the process may use
	full float64       // share of the packets sent that met a full buffer
}

func (l load) heavy() bool { return l.lag >= heavyLag || l.cpu >= heavyCPU || l.full >= heavyFull }
func (l load) light() bool { return l.lag < lightLag && l.cpu < lightCPU && l.full == 0 }

// shedding decides how many stages are given up. Load between heavy and light
// changes nothing.
type shedding struct {
	stages   uint32
	heavy    time.Time // since when, zero: it is not
	light    time.Time
	returned time.Time // a stage was last taken back
	hold     time.Duration
}

// look takes one look into account; true when the stages have changed.
func (s *shedding) look(l load, now time.Time) (changed bool) {
	since := func(at *time.Time, holds bool) time.Duration {
		switch {
		case !holds:
			*at = time.Time{}
			return 0
		case at.IsZero():
			*at = now
		}
		return now.Sub(*at)
	}
	heavy, light := since(&s.heavy, l.heavy()), since(&s.light, l.light())
	switch {
	case heavy >= shedAfter && s.stages < shedStages:
		if s.hold = max(s.hold, shedHold); !s.returned.IsZero() && now.Sub(s.returned) < shedReturn {
			s.hold = min(2*s.hold, shedMost)
		}
		s.stages, s.heavy, s.returned = s.stages+1, now, time.Time{}
		return true
	case s.stages > 0 && light >= s.hold:
		s.stages, s.light, s.returned = s.stages-1, now, now
		return true
	case s.stages == 0 && light >= shedMost:
		s.hold = shedHold
	}
	return false
}

// givenUp says that pictures of the yield are given up at so many stages.
func (y Yield) givenUp(stages uint32) bool { return uint32(y)+stages > shedStages && y != YieldNever }

// shed says that the section's picture is given up.
func (s *section) shed() bool {
	return s.src.kind == Cam && s.grant.Yield.givenUp(s.peer.room.engine.stages.Load())
}

// rests says that nothing is to flow in the section, whatever the line carries.
func (s *section) rests() bool { return !s.wanted() || s.shed() }

// watch looks at the load until stop is closed.
func (e *Engine) watch(stop <-chan struct{}, measure func() load) {
	tick := time.NewTicker(loadPace)
	defer tick.Stop()
	var s shedding
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		if s.look(measure(), e.p.Now()) {
			e.log.Warn("sfu: load changed what is given up", "stages", s.stages)
			e.setStages(s.stages)
		}
	}
}

// setStages gives pictures up or takes them back; when it returns, nothing of what
// is given up is sent.
func (e *Engine) setStages(n uint32) {
	e.stages.Store(n)
	e.mu.Lock()
	rooms := make([]*Room, 0, len(e.rooms))
	for _, r := range e.rooms {
		rooms = append(rooms, r)
	}
	e.mu.Unlock()
	for _, r := range rooms {
		r.reconsider()
	}
}

// reconsider chooses the layers of all pictures anew.
func (r *Room) reconsider() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.engine.p.Now()
	for _, src := range r.sources {
		src.retarget(now)
		r.touch(src)
	}
}

// meter measures the load of this process.
func (e *Engine) meter() func() load {
	var cpu time.Duration
	var full, out uint64
	var at time.Time
	return func() load {
		now, used := time.Now(), cpuTime()
		var f, o uint64
		for _, l := range e.loops {
			f += l.count.dropped[dropFull].Load()
			o += l.count.packetsOut.Load()
		}
		var got load
		if span := now.Sub(at); !at.IsZero() && span > 0 {
			got.lag = max(span-loadPace, 0)
			got.cpu = float64(used-cpu) / float64(span) / float64(runtime.GOMAXPROCS(0))
			got.full = float64(f-full) / float64(max(f-full+o-out, 1))
		}
		cpu, full, out, at = used, f, o, now
		return got
	}
}

// cpuTime is what the process has used of all cores; 0 when the system does not say.
func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// welcome refuses a peer that would only view while pictures of its kind are given
// up; under the room's lock.
func (r *Room) welcome(p *Peer) error {
	stages := r.engine.stages.Load()
	if stages == 0 || len(p.mayPublish) > 0 {
		return nil
	}
	least, found := YieldMonitor, false
	for id := range r.table.grants {
		if g, ok := r.table.peer(id, p.id); ok && id.Kind == Cam {
			least, found = min(least, g.Yield), true
		}
	}
	if !found || least < YieldPublic || !least.givenUp(stages) {
		return nil
	}
	r.loop.count.unwelcome.Add(1)
	return fmt.Errorf("%w: %d of %d stages given up", ErrOverload, stages, shedStages)
}
