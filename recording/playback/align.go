package playback

import (
	"math"
	"slices"
)

// Placing tracks in time. Media time of a file runs on the sender's RTP clock from
// the arrival of its first packet. A sender report pairs that clock with the wall
// clock of the device, which all tracks of the device share: so what was captured
// together is played together, whatever each track's way through the network took.
// What remains, the device's clock against the recorder's, is taken from the packets
// that came fastest. Without reports each track is placed by its own arrivals.

// reading is what one segment tells of the clocks.
type reading struct {
	ms      int64 // media time of the first block
	arrived int64 // microseconds since the part began
	// captured: the device's wall clock at ms, microseconds; only with known.
	captured int64
	known    bool
}

const (
	// ntpEpoch is 1900 against 1970, in seconds (RFC 868).
	ntpEpoch = 2_208_988_800
	// window is how far around a segment clocks are looked at, in microseconds:
	// longer than queues last, short enough that clocks do not leave one another.
	window = 60e6
	// hold is how far the placing of a file may be off before it moves, in
	// microseconds: steps too small to be seen would only break sound.
	hold = 8000
	// far is how far in time a report may be from its segment.
	farReport = 30e6
)

// reading takes arrival and, where there is one, the first report of the segment.
func (s *segLine) reading(arrived, began, rate int64) reading {
	r := reading{ms: s.FromMS, arrived: arrived}
	if len(s.SSRCs) == 0 {
		return r
	}
	for _, x := range s.SR {
		after := int64(int32(x.RTP-s.SSRCs[0].FirstTS)) * 1e6 / rate // of the first block, microseconds
		if x.SSRC != s.SSRCs[0].SSRC || x.NTPSec == 0 || after < -farReport || after > farReport {
			continue
		}
		wall := (int64(x.NTPSec)-ntpEpoch)*1e6 + int64(x.NTPFra)*1e6>>32 - began
		// A device's clock may be wrong, but not so that sums run over.
		if wall > -1<<52 && wall < 1<<52 {
			r.captured, r.known = wall-after, true
			break
		}
	}
	return r
}

// align sets the Shift of every segment.
func align(sources []*source) {
	devices := map[string][]*fileLines{}
	for _, s := range sources {
		for _, f := range s.files {
			if fill(f.clock) {
				f.Aligned = true
				devices[s.Device] = append(devices[s.Device], f)
			} else {
				place(f, leastOver([]*fileLines{f}))
			}
		}
	}
	for _, files := range devices {
		delay := leastOver(files)
		for _, f := range files {
			place(f, delay)
		}
	}
}

// fill gives every reading of a file a captured time: the median over the window of
// what the reports say, the nearest one where the window has none. Without any report
// the file's own clock stands for it and fill is false.
func fill(clock []reading) bool {
	type pair struct{ arrived, offset int64 } // captured less media time
	var pairs []pair
	for _, r := range clock {
		if r.known {
			pairs = append(pairs, pair{r.arrived, r.captured - r.ms*1000})
		}
	}
	if len(pairs) == 0 {
		for i := range clock {
			clock[i].captured = clock[i].ms * 1000
		}
		return false
	}
	lo, hi := 0, 0
	var near []int64
	for i := range clock {
		r := &clock[i]
		for hi < len(pairs) && pairs[hi].arrived <= r.arrived+window {
			hi++
		}
		for lo < hi-1 && pairs[lo].arrived < r.arrived-window {
			lo++
		}
		near = near[:0]
		for _, p := range pairs[min(lo, len(pairs)-1):max(hi, min(lo, len(pairs)-1)+1)] {
			near = append(near, p.offset)
		}
		slices.Sort(near)
		r.captured = r.ms*1000 + near[len(near)/2]
	}
	return true
}

// bucket is the grain of leastOver, in microseconds.
const bucket = 10e6

// leastOver is, for a time on the evidence clock, how much later than captured the
// fastest packets around it arrived, over all of a device's files.
func leastOver(files []*fileLines) func(arrived int64) int64 {
	least := map[int64]int64{}
	for _, f := range files {
		for _, r := range f.clock {
			k, d := floorDiv(r.arrived), r.arrived-r.captured
			if old, ok := least[k]; !ok || d < old {
				least[k] = d
			}
		}
	}
	return func(arrived int64) int64 {
		out := int64(math.MaxInt64)
		k := floorDiv(arrived)
		for i := k - window/bucket; i <= k+window/bucket; i++ {
			if d, ok := least[i]; ok {
				out = min(out, d)
			}
		}
		return out // of the reading's own bucket at least
	}
}

func floorDiv(t int64) int64 { return int64(math.Floor(float64(t) / bucket)) }

func place(f *fileLines, delay func(arrived int64) int64) {
	shift, set := int64(0), false
	for i := range f.Segments {
		r := f.clock[i]
		want := r.captured - r.ms*1000 + delay(r.arrived)
		if d := want - shift; !set || d > hold || d < -hold {
			shift, set = want, true
		}
		f.Segments[i].Shift = shift
	}
}
