package estimate

import "math"

// usage says what the delay tells of the line.
type usage uint8

const (
	normal usage = iota
	overuse
	underuse
)

// The filter of the delay's gradient: a line fitted through the smoothed delay of
// the last groups of packets, against a threshold that adapts to the line's own
// jitter. Figures as draft-ietf-rmcat-gcc-02 sections 5.3 to 5.5 and its common
// implementation have them.
const (
	groupTime    = 5.0  // milliseconds of sending that count as one group
	trendGroups  = 20   // groups that the line is fitted through
	smoothing    = 0.9  // of the delay
	trendGain    = 4.0  // makes the slope comparable with the threshold
	maxGroups    = 60.0 // groups that the gain counts
	startLimit   = 12.5
	minLimit     = 6.0
	maxLimit     = 600.0
	limitUp      = 0.0087 // pace of the threshold per millisecond
	limitDown    = 0.039
	overuseTime  = 10.0   // milliseconds above the threshold until it counts
	forgetGroups = 3000.0 // milliseconds between two groups after which all is forgotten
	queueTime    = 25.0   // milliseconds over the least delay, below which no queue stands
	leastTime    = 5000.0 // milliseconds for which a least delay holds, and as long again
)

// group is a burst of packets that were sent together.
type group struct {
	first, last float64 // sent, milliseconds
	arrived     float64 // the last of them, milliseconds
	any         bool
}

// trend follows how the delay of the line changes. All times in milliseconds.
type trend struct {
	now, before group
	groups      float64
	delay       float64 // accumulated
	smooth      float64
	xs, ys      [trendGroups]float64
	n, at       int
	limit       float64
	limitAt     float64
	over        float64 // time above the threshold, -1: not above
	last        float64
	state       usage
	least       [2]float64 // smoothed delay: of this stretch of time and of the one before
	leastFrom   float64
}

func newTrend() trend { return trend{limit: startLimit, over: -1} }

// packet takes one received packet in the order of sending.
func (t *trend) packet(sent, arrived float64) {
	if !t.now.any {
		t.now = group{first: sent, last: sent, arrived: arrived, any: true}
		return
	}
	if sent < t.now.first {
		return // reordered by the feedback
	}
	burst := arrived-t.now.arrived <= groupTime && arrived-t.now.arrived < sent-t.now.last && arrived-t.now.arrived >= 0
	if sent-t.now.first <= groupTime || burst && sent-t.now.first < 100 {
		t.now.last, t.now.arrived = max(t.now.last, sent), max(t.now.arrived, arrived)
		return
	}
	if t.before.any {
		t.step(t.now.last-t.before.last, t.now.arrived-t.before.arrived, t.now.arrived)
	}
	t.before, t.now = t.now, group{first: sent, last: sent, arrived: arrived, any: true}
}

func (t *trend) step(sent, came, at float64) {
	if came < 0 || came > forgetGroups || sent > forgetGroups {
		now := t.now
		*t = newTrend()
		t.now = now
		return
	}
	t.groups = min(t.groups+1, maxGroups)
	t.delay += came - sent
	t.smooth = smoothing*t.smooth + (1-smoothing)*t.delay
	t.floor(at)
	t.xs[t.at], t.ys[t.at] = at, t.smooth
	t.at = (t.at + 1) % trendGroups
	t.n = min(t.n+1, trendGroups)
	slope := t.last
	if t.n == trendGroups {
		slope = t.slope()
	}
	t.judge(slope, sent, at)
}

// floor follows the least delay, that of the empty line.
func (t *trend) floor(at float64) {
	if t.n == 0 || at-t.leastFrom > leastTime {
		t.least[1], t.least[0], t.leastFrom = t.least[0], t.smooth, at
		if t.n == 0 {
			t.least[1] = t.smooth
		}
	}
	t.least[0] = min(t.least[0], t.smooth)
}

// queued says that packets stand in a queue, and that it is no mere burst.
func (t *trend) queued() bool { return t.smooth-min(t.least[0], t.least[1]) > queueTime }

// slope is that of the fitted line (least squares).
func (t *trend) slope() float64 {
	var mx, my float64
	for i := range t.n {
		mx += t.xs[i]
		my += t.ys[i]
	}
	mx, my = mx/float64(t.n), my/float64(t.n)
	var up, down float64
	for i := range t.n {
		up += (t.xs[i] - mx) * (t.ys[i] - my)
		down += (t.xs[i] - mx) * (t.xs[i] - mx)
	}
	if down == 0 {
		return t.last
	}
	return up / down
}

func (t *trend) judge(slope, sent, at float64) {
	m := t.groups * slope * trendGain
	switch {
	case m > t.limit:
		if t.over < 0 {
			t.over = sent / 2
		} else {
			t.over += sent
		}
		if t.over > overuseTime && slope >= t.last {
			t.over, t.state = 0, overuse
		}
	case m < -t.limit:
		t.over, t.state = -1, underuse
	default:
		t.over, t.state = -1, normal
	}
	t.last = slope
	t.adapt(m, at)
}

// adapt moves the threshold towards what the line does by itself; a peak is no
// part of that.
func (t *trend) adapt(m, at float64) {
	dt := min(at-t.limitAt, 100)
	t.limitAt = at
	if math.Abs(m) > t.limit+15 || dt < 0 {
		return
	}
	k := limitUp
	if math.Abs(m) < t.limit {
		k = limitDown
	}
	t.limit = min(max(t.limit+k*(math.Abs(m)-t.limit)*dt, minLimit), maxLimit)
}
