package sfu

import "time"

const (
	layerStall  = 300 * time.Millisecond // without packets, while
	stallFrames = 4                      // frames of lower layers came: the layer has stalled
	steadyTime  = time.Second            // of packets until a stalled layer is chosen again,
	maxSteady   = 8 * time.Second        // doubled up to this when it stalls again
	stallMemory = 10 * time.Second       // within this after it came back
)

// flow tells a simulcast layer that its sender has paused from one whose camera
// is slow. Frames of the lower layers are its clock: where none come, nothing
// better could be chosen. Under the room's lock.
type flow struct {
	stalled bool
	idle    uint8  // frames of lower layers since the last packet
	ts      uint32 // of the newest frame
	since   time.Time
	steady  time.Duration // how long packets must flow to end the stall
	back    time.Time     // the last stall ended
}

// flows notes a packet of l with timestamp ts; changed says that the choice of
// layers may have.
func (l *layer) flows(ts uint32, now time.Time) (changed bool) {
	f, quiet := &l.flow, now.Sub(l.arrival)
	changed = !l.started || quiet >= layerSilence
	if !l.started || quiet >= layerStall {
		f.since = now
	}
	f.idle = 0
	if f.stalled && now.Sub(f.since) >= f.steady {
		f.stalled, f.back, changed = false, now, true
	}
	if newer := !l.started || after(ts, f.ts); newer {
		f.ts = ts
		for _, upper := range l.src.layers[l.index+1:] {
			if upper != nil && upper.misses(now) {
				changed = true
			}
		}
	}
	l.started, l.arrival = true, now
	return changed
}

// misses notes a frame of a lower layer; true when l has just stalled.
func (l *layer) misses(now time.Time) bool {
	f := &l.flow
	if !l.started || f.stalled || l.src.need.gone.has(int(l.index)) {
		return false
	}
	f.idle = min(f.idle+1, stallFrames)
	if f.idle < stallFrames || now.Sub(l.arrival) < layerStall {
		return false
	}
	f.stalled = true
	if f.steady > 0 && now.Sub(f.back) < stallMemory {
		f.steady = min(2*f.steady, maxSteady)
	} else {
		f.steady = steadyTime
	}
	return true
}

// flowing says that the sender has not paused the layer. A request to a paused one
// brings nothing, and browsers answer with keyframes of all others.
func (l *layer) flowing(now time.Time) bool {
	return l.started && !l.flow.stalled && now.Sub(l.arrival) < layerSilence
}

// choosable are the layers within lo..hi that flow, or those that are at least
// live when all of them have stalled; none that is given up.
func (s *source) choosable(now time.Time, lo, hi int) (ok [maxLayers]bool) {
	flowing, live := false, ok
	for i := max(lo, 0); i <= min(hi, maxLayers-1); i++ {
		live[i] = s.live(now, i) && !s.need.gone.has(i)
		ok[i] = live[i] && !s.layers[i].flow.stalled
		flowing = flowing || ok[i]
	}
	if !flowing {
		return live
	}
	return ok
}
