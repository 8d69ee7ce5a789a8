package recording

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"sort"

	"phientoa/internal/ledger"
)

// Timeline maps the media time of one track file to the clock of the node. The
// media themselves are not rewritten: whoever plays several tracks together
// applies it.
type Timeline struct {
	Track  string      `json:"track"`
	Source string      `json:"source"` // device/kind
	File   string      `json:"file"`
	Points []TimePoint `json:"points"` // by MS
}

// TimePoint says when what stands at MS in the file was captured, T in UTC unix
// microseconds of the node, as late as the least delay of the network.
type TimePoint struct {
	MS int64 `json:"ms"`
	T  int64 `json:"t"`
	// Bound is how far T may be wrong against other sources of the same device, in
	// microseconds. Against other devices the difference of their least delays comes
	// on top, about half a round trip, which no receiver can measure.
	Bound int64 `json:"bound"`
}

// At is the time of a place in the file: between two points on their line, outside
// of them at the nominal speed.
func (t Timeline) At(ms int64) TimePoint {
	n := len(t.Points)
	if n == 0 {
		return TimePoint{MS: ms}
	}
	i := sort.Search(n, func(i int) bool { return t.Points[i].MS >= ms })
	switch i {
	case 0:
		p := t.Points[0]
		return TimePoint{ms, p.T - (p.MS-ms)*1000, p.Bound}
	case n:
		p := t.Points[n-1]
		return TimePoint{ms, p.T + (ms-p.MS)*1000, p.Bound}
	}
	a, b := t.Points[i-1], t.Points[i]
	if b.MS == a.MS {
		return b
	}
	part := float64(ms-a.MS) / float64(b.MS-a.MS)
	return TimePoint{ms, a.T + int64(part*float64(b.T-a.T)), max(a.Bound, b.Bound)}
}

// Spans in which the pairs of sender reports are looked at, in microseconds.
const (
	fitSpan   = 30_000_000 // of a stream's line through (RTP, NTP)
	delaySpan = 60_000_000 // of a device's least delay
)

// noReport bounds the error of a stream that never reported, by its arrivals alone.
const noReport = 500_000

// pair is one sender report: the sender's wall clock and arrival in microseconds,
// the RTP clock with roll-overs counted.
type pair struct {
	rtp     int64
	ntp, at int64
}

// stream is one SSRC of a track.
type stream struct {
	rate  int64
	last  int64 // timestamp seen last, with roll-overs
	pairs []pair
}

// unwrap counts roll-overs, from what was seen last.
func (s *stream) unwrap(ts uint32) int64 {
	s.last += int64(int32(ts - uint32(s.last)))
	return s.last
}

// spot is one end of a stretch before it has its time.
type spot struct {
	file string
	ssrc uint32
	ms   int64
	rtp  int64
	at   int64
}

type streamKey struct {
	track string
	ssrc  uint32
}

type aligner struct {
	sources map[string]sourceBody // by track
	rates   map[string]uint32
	spots   map[string][]spot // by track, in order
	streams map[streamKey]*stream
	order   []string
}

// Align reads the lines of one part and returns the timelines of its files, from
// the pairs that its senders reported. fsys is the directory of the part.
func Align(fsys fs.FS) ([]Timeline, error) {
	a := newAligner()
	if err := ledger.Lines(fsys, func(l ledger.Line) (bool, error) { return true, a.line(l) }); err != nil {
		return nil, fmt.Errorf("recording: align: %w", err)
	}
	return a.all(), nil
}

func newAligner() *aligner {
	return &aligner{
		sources: map[string]sourceBody{}, rates: map[string]uint32{}, spots: map[string][]spot{},
		streams: map[streamKey]*stream{},
	}
}

// all are the timelines of everything that was read.
func (a *aligner) all() []Timeline {
	for _, s := range a.streams { // in order but for a hostile file
		slices.SortStableFunc(s.pairs, func(x, y pair) int { return cmp.Compare(x.rtp, y.rtp) })
	}
	delays := a.delays()
	var out []Timeline
	for _, track := range a.order {
		out = append(out, a.timelines(track, delays)...)
	}
	return out
}

func (a *aligner) line(l ledger.Line) error {
	switch l.Kind {
	case ledger.KindTrackOpen:
		var b trackOpenBody
		if err := json.Unmarshal(l.Members, &b); err != nil {
			return err
		}
		if _, known := a.sources[b.Track]; !known {
			a.order = append(a.order, b.Track)
		}
		a.sources[b.Track], a.rates[b.Track] = b.Source, b.ClockRate
	case ledger.KindSeg:
		var b segBody
		if err := json.Unmarshal(l.Members, &b); err != nil {
			return err
		}
		return a.seg(b)
	}
	return nil
}

func (a *aligner) seg(b segBody) error {
	if len(b.SSRCs) == 0 {
		return errors.New("a stretch without packets")
	}
	first, last := b.SSRCs[0], b.SSRCs[len(b.SSRCs)-1]
	from := a.stream(b.Track, first.SSRC, first.FirstTS).unwrap(first.FirstTS)
	to := a.stream(b.Track, last.SSRC, last.LastTS).unwrap(last.LastTS)
	a.spots[b.Track] = append(a.spots[b.Track],
		spot{b.File, first.SSRC, b.FromMS, from, b.FromT}, spot{b.File, last.SSRC, b.ToMS, to, b.ToT})
	utc := b.FromT - b.FromNS/1000 // of the monotonic clock's zero
	for _, r := range b.SR {
		s := a.stream(b.Track, r.SSRC, r.RTP)
		s.pairs = append(s.pairs, pair{
			rtp: s.unwrap(r.RTP), ntp: int64(r.NTPSec)*1e6 + int64(uint64(r.NTPFra)*1e6>>32), at: r.AtNS/1000 + utc,
		})
	}
	return nil
}

func (a *aligner) stream(track string, ssrc, ts uint32) *stream {
	key := streamKey{track, ssrc}
	s := a.streams[key]
	if s == nil {
		s = &stream{rate: int64(max(a.rates[track], 1)), last: int64(ts)}
		a.streams[key] = s
	}
	return s
}

// delay is how far a device's wall clock and a report's way lie behind ours.
type delay struct{ ntp, by int64 }

// delays are those of all reports of a device, in the order of its wall clock.
func (a *aligner) delays() map[string][]delay {
	out := map[string][]delay{}
	for key, s := range a.streams {
		device := a.sources[key.track].Device
		for _, p := range s.pairs {
			out[device] = append(out[device], delay{p.ntp, p.at - p.ntp})
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(x, y delay) int { return cmp.Compare(x.ntp, y.ntp) })
	}
	return out
}

// least is the smallest delay of a device around a moment of its wall clock: the
// way of the report that nothing held up.
func least(list []delay, ntp int64) int64 {
	i := sort.Search(len(list), func(i int) bool { return list[i].ntp >= ntp-delaySpan })
	if i == len(list) {
		i = len(list) - 1
	}
	best := list[i].by
	for ; i < len(list) && list[i].ntp <= ntp+delaySpan; i++ {
		best = min(best, list[i].by)
	}
	return best
}

// wall is the sender's wall clock at a moment of its RTP clock: by least squares
// through the reports around it, or from the nearest one at the nominal rate. bound
// is how far one of them lies off the line.
func (s *stream) wall(rtp int64) (ntp, bound int64) {
	span := fitSpan * s.rate / 1_000_000
	i := sort.Search(len(s.pairs), func(i int) bool { return s.pairs[i].rtp >= rtp })
	near := s.pairs[min(i, len(s.pairs)-1)]
	if i > 0 && (i == len(s.pairs) || rtp-s.pairs[i-1].rtp < s.pairs[i].rtp-rtp) {
		near = s.pairs[i-1]
	}
	var xs, ys []float64
	for i = sort.Search(i, func(i int) bool { return s.pairs[i].rtp >= rtp-span }); i < len(s.pairs) && s.pairs[i].rtp <= rtp+span; i++ {
		xs, ys = append(xs, float64(s.pairs[i].rtp-near.rtp)), append(ys, float64(s.pairs[i].ntp-near.ntp))
	}
	slope, off := 1e6/float64(s.rate), 0.0
	if len(xs) >= 2 && slices.Max(xs)-slices.Min(xs) >= float64(s.rate) {
		slope, off = line(xs, ys)
	}
	for i := range xs {
		bound = max(bound, int64(math.Abs(ys[i]-off-slope*xs[i])))
	}
	return near.ntp + int64(off+slope*float64(rtp-near.rtp)), bound
}

// line is the one of least squares.
func line(xs, ys []float64) (slope, off float64) {
	var sx, sy, sxx, sxy float64
	n := float64(len(xs))
	for i, x := range xs {
		sx, sy, sxx, sxy = sx+x, sy+ys[i], sxx+x*x, sxy+x*ys[i]
	}
	slope = (n*sxy - sx*sy) / (n*sxx - sx*sx)
	return slope, (sy - slope*sx) / n
}

// timelines are those of one track's files.
func (a *aligner) timelines(track string, delays map[string][]delay) []Timeline {
	src := a.sources[track]
	var out []Timeline
	for _, x := range a.spots[track] {
		if n := len(out); n == 0 || out[n-1].File != x.file {
			out = append(out, Timeline{Track: track, Source: src.Device + "/" + src.Kind, File: x.file})
		}
		p := TimePoint{MS: x.ms, T: x.at, Bound: noReport}
		if s := a.streams[streamKey{track, x.ssrc}]; len(s.pairs) > 0 {
			ntp, bound := s.wall(x.rtp)
			p.T, p.Bound = ntp+least(delays[src.Device], ntp), bound
		}
		t := &out[len(out)-1]
		if n := len(t.Points); n > 0 && t.Points[n-1].MS == p.MS {
			continue
		}
		t.Points = append(t.Points, p)
	}
	return out
}
