package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"
)

// maxGapOffMS is how far a gap's ends may be from what was lost on the way (issue of
// the record: "gaps listed equal gaps injected to within 100 ms").
const maxGapOffMS = 100

// passage is one RTP packet on the line: when it came, or would have come. A browser
// holds pictures back when the line is bad, so that the moment that one is of is told by
// its RTP time: ts, of the clock that its stream has.
type passage struct {
	at        time.Time
	ts        uint32
	delivered bool // the first copy
	again     bool // a later copy was: without a stream for them, sound is sent again as it was
}

// Clocks of the two kinds, in Hz (RFC 7587, RFC 7741), and the payload types of sound
// (0 to 95 are not used by browsers for it).
const (
	soundClock   = 48000
	pictureClock = 90000
)

// wire knows every RTP packet that the far host sent, by SSRC and sequence number.
// A picture that is sent again has an SSRC of its own and an encrypted number: it is not
// known here what it mends. A run is shorter than a round of the numbers.
type wire struct {
	sent map[uint32]map[uint16]passage
}

// see takes an IPv4 packet with UDP and, by RFC 7983 and RFC 5761, RTP in it.
func (w *wire) see(ip []byte, at time.Time, delivered bool) {
	if len(ip) < 20 || ip[0]>>4 != 4 || ip[9] != 17 {
		return
	}
	head := int(ip[0]&15) * 4
	if len(ip) < head+8+12 {
		return
	}
	rtp := ip[head+8:]
	if rtp[0]>>6 != 2 || rtp[1] >= 192 && rtp[1] <= 223 {
		return
	}
	ssrc, seq := binary.BigEndian.Uint32(rtp[8:]), binary.BigEndian.Uint16(rtp[2:])
	if w.sent[ssrc] == nil {
		w.sent[ssrc] = map[uint16]passage{}
	}
	ts := binary.BigEndian.Uint32(rtp[4:])
	if p, known := w.sent[ssrc][seq]; known && p.ts == ts {
		p.again = p.again || delivered
		w.sent[ssrc][seq] = p
		return
	}
	w.sent[ssrc][seq] = passage{at: at, ts: ts, delivered: delivered}
}

// record is what the evidence says of the far host's packets, beside what happened.
type record struct {
	Streams   int `json:"streams"`
	Between   int `json:"between"`   // sequence numbers from a stream's first kept to its last
	Kept      int `json:"kept"`      // in the archive
	Named     int `json:"named"`     // as lost, by gap lines
	Unnamed   int `json:"unnamed"`   // neither: silent gaps
	Dropped   int `json:"dropped"`   // on the line, of those between
	Mended    int `json:"mended"`    // dropped, and in the archive by what was sent again
	Delivered int `json:"delivered"` // named as lost, though they came, or came later and are kept nowhere
	Runs      int `json:"runs"`      // stretches that gap lines name
	Late      int `json:"late"`      // named as lost, came behind their turn, and are kept beside
	Stalls    int `json:"stalls"`    // stretches in which the camera is said to have stood still
	Invented  int `json:"invented"`  // of them those of which pictures are kept
	// WorstMS is how far a stretch's end is from the moment of the packet there, in the
	// sound; PictureMS in the pictures.
	WorstMS   float64 `json:"worstMs"`
	PictureMS float64 `json:"pictureMs"`
	// HeldMS is how long the browser held back the packet that it held longest.
	HeldMS float64 `json:"heldMs"`
	// Off are the ends that are further off than maxGapOffMS.
	Off []offEnd `json:"off,omitempty"`
}

// offEnd is one end of a stretch that the record puts at another time than the line.
type offEnd struct {
	SSRC   uint32    `json:"ssrc"`
	Seq    int64     `json:"seq"` // of the packet there
	OffMS  float64   `json:"offMs"`
	HeldMS float64   `json:"heldMs"`
	At     time.Time `json:"at"` // when it passed
}

// figures are what R-gaps judges: something was lost for good, something was mended,
// all of it is named, and where it was.
func (r *record) figures() map[string]figure {
	if r == nil {
		return nil
	}
	return map[string]figure{
		"gaps": figure(r.Runs), "mended": figure(r.Mended),
		"unnamed or wrongly named": figure(max(r.Unnamed, -r.Unnamed) + r.Delivered + r.Invented),
		"ends off by":              figure(max(r.WorstMS, r.PictureMS)),
	}
}

// entry is what is read of an evidence line (docs/archive-format.md).
type entry struct {
	K, Cause, Track string
	Source          struct{ Kind string }
	SSRC            uint32
	Packets         json.RawMessage
	Runs            [][4]int64
	FirstSeq        int64 `json:"first_seq"`
	LastSeq         int64 `json:"last_seq"`
	FromT           int64 `json:"from_t"`
	ToT             int64 `json:"to_t"`
	SSRCs           []struct {
		SSRC     uint32
		FirstSeq int64 `json:"first_seq"`
		LastSeq  int64 `json:"last_seq"`
		Packets  int
	}
}

// piece is an unbroken run of one SSRC in a track, [first, last]: a camera sends several
// layers, and the recorder takes one at a time.
type piece struct {
	ssrc        uint32
	first, last int64
}

// comparison is one reading of the evidence.
type comparison struct {
	*wire
	r      *record
	clocks map[string]float64 // Hz, by track
	pieces map[string][]piece // by track, in order
	named  map[[2]int64]bool  // SSRC and number
	loose  map[[2]int64]bool
	stalls []entry
}

// compare reads the evidence of the data directory's only part.
func (w *wire) compare(data string) (*record, error) {
	found, err := filepath.Glob(filepath.Join(data, "evidence", "*", "part-*", "log.jsonl"))
	if err != nil || len(found) != 1 {
		return nil, errors.Join(err, fmt.Errorf("%d logs of evidence", len(found)))
	}
	f, err := os.Open(found[0])
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	c := &comparison{w, &record{}, map[string]float64{}, map[string][]piece{}, map[[2]int64]bool{}, map[[2]int64]bool{}, nil}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, err
		}
		if err := c.take(&e); err != nil {
			return nil, err
		}
	}
	c.count()
	return c.r, lines.Err()
}

func (c *comparison) take(e *entry) error {
	switch {
	case e.K == "track-open":
		c.clocks[e.Track] = pictureClock
		if e.Source.Kind == "mic" {
			c.clocks[e.Track] = soundClock
		}
	case e.K == "loose" && c.sent[e.SSRC] != nil:
		var packets []struct{ Seq int64 }
		if err := json.Unmarshal(e.Packets, &packets); err != nil {
			return err
		}
		for _, p := range packets {
			c.loose[[2]int64{int64(e.SSRC), p.Seq}] = true
		}
	case e.K == "seg":
		for _, s := range e.SSRCs {
			if c.sent[s.SSRC] == nil { // of the near host
				continue
			}
			c.r.Kept += s.Packets
			of := c.pieces[e.Track]
			if last := len(of) - 1; last >= 0 && of[last].ssrc == s.SSRC {
				of[last].last = max(of[last].last, s.LastSeq)
			} else {
				c.pieces[e.Track] = append(of, piece{s.SSRC, s.FirstSeq, s.LastSeq})
			}
		}
	case e.K == "gap" && e.Cause == "stalled" && c.clocks[e.Track] == pictureClock && len(c.pieces[e.Track]) > 0:
		c.stalls = append(c.stalls, *e)
	case e.K == "gap" && e.Cause == "loss" && c.sent[e.SSRC] != nil:
		runs := e.Runs
		if len(runs) == 0 {
			runs = [][4]int64{{e.FirstSeq, e.LastSeq, e.FromT, e.ToT}}
		}
		for _, run := range runs {
			c.judge(e.SSRC, c.clocks[e.Track], run)
		}
	}
	return nil
}

// count sums up when every line was read.
func (c *comparison) count() {
	r := c.r
	streams := map[uint32]bool{}
	for _, of := range c.pieces {
		for _, x := range of {
			streams[x.ssrc] = true
			c.add(x)
		}
	}
	for _, e := range c.stalls {
		c.stalled(&e)
	}
	r.Streams, r.Unnamed = len(streams), r.Between-r.Kept-r.Named
	r.Mended = r.Dropped - r.Named + r.Late
}

// add counts what became of the numbers of a piece.
func (c *comparison) add(x piece) {
	for n := x.first; n <= x.last; n++ {
		c.r.Between++
		if p, sent := c.sent[x.ssrc][uint16(n)]; sent && !p.delivered {
			c.r.Dropped++
		}
		packet := [2]int64{int64(x.ssrc), n}
		switch {
		case c.named[packet]:
			c.r.Named++
			if c.loose[packet] {
				c.r.Late++
			}
			if p, sent := c.sent[x.ssrc][uint16(n)]; !sent || p.delivered || p.again && !c.loose[packet] {
				c.r.Delivered++
			}
		case c.loose[packet]:
			c.r.Kept++
		}
	}
}

// judge holds one stretch of lost packets against the line: [first, last, from, to].
func (c *comparison) judge(ssrc uint32, clock float64, run [4]int64) {
	c.r.Runs++
	for n := run[0]; n <= run[1]; n++ {
		c.named[[2]int64{int64(ssrc), n}] = true
	}
	for i, n := range []int64{run[0] - 1, run[1] + 1} {
		p, known := c.sent[ssrc][uint16(n)]
		if !known {
			continue
		}
		held := c.held(ssrc, p, clock)
		off := float64(run[2+i]-p.at.Add(-held).UnixMicro()) / 1000
		worst := &c.r.WorstMS
		if clock == pictureClock {
			worst = &c.r.PictureMS
		}
		*worst = max(*worst, off, -off)
		if max(off, -off) > maxGapOffMS {
			c.r.Off = append(c.r.Off, offEnd{ssrc, n, off, float64(held.Microseconds()) / 1000, p.at})
		}
		c.r.HeldMS = max(c.r.HeldMS, float64(held.Microseconds())/1000)
	}
}

// stalled holds a standstill of a camera against the pictures that the record has of
// it: none is of that time, and its ends are pictures.
func (c *comparison) stalled(e *entry) {
	c.r.Stalls++
	const most = maxGapOffMS * 1000
	inside, offs := false, [2]int64{math.MaxInt64, math.MaxInt64}
	for _, x := range c.pieces[e.Track] {
		for n := x.first; n <= x.last; n++ {
			p, known := c.sent[x.ssrc][uint16(n)]
			if !known || c.named[[2]int64{int64(x.ssrc), n}] {
				continue
			}
			at := p.at.Add(-c.held(x.ssrc, p, pictureClock)).UnixMicro()
			inside = inside || at > e.FromT+most && at < e.ToT-most
			offs[0], offs[1] = min(offs[0], max(at-e.FromT, e.FromT-at)), min(offs[1], max(at-e.ToT, e.ToT-at))
		}
	}
	if inside {
		c.r.Invented++
	}
	c.r.PictureMS = max(c.r.PictureMS, float64(max(offs[0], offs[1]))/1000)
}

// held is how long the browser held a packet back: how much later than its RTP time it
// passed than the quickest of its stream. Pictures wait for their turn on a bad line, at
// times all of them for longer than ten seconds, and their clock is that of this
// machine: the whole run counts. Sound does not wait, and has a clock of its own: the ten
// seconds before count.
func (c *comparison) held(ssrc uint32, p passage, clock float64) time.Duration {
	var most time.Duration
	for _, q := range c.sent[ssrc] {
		apart := p.at.Sub(q.at)
		if clock == soundClock && (apart < 0 || apart > 10*time.Second) {
			continue
		}
		media := time.Duration(float64(int32(p.ts-q.ts)) / clock * float64(time.Second))
		most = max(most, apart-media)
	}
	return most
}
