//go:build !verifier

package recording

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"phientoa/internal/ledger"
	"phientoa/sfu"
)

// track is one source of the hearing. Only the part's loop touches it.
type track struct {
	id     string
	info   sfu.SourceInfo
	files  int  // files begun so far, of earlier processes too
	open   bool // the grant is open
	asm    *assembler
	file   *mediaFile
	seg    segment
	clock  mediaClock
	retry  time.Time // no new file before this
	heard  time.Time // last packet, or the opening
	report time.Time // last sender report
	// starved is since when pictures are thrown away for want of a keyframe.
	starved     time.Time
	starving    int // packets
	starveCause string
	silent      bool  // heard for too long ago; the gap is written when it ends
	silence     pause // the last such gap
	loss        pendingLoss
	drops       []drop // thrown away by the full queue, not yet in the log
	// away is since when a source is not recorded that an earlier process, or the
	// part before, had open; it ends when the source opens here.
	away      time.Time
	awayCause string
	blind     bool // see Part.blind
	change    changes
	closing   bool      // its grant closed: the segment is cut with this batch
	since     time.Time // the grant opened
	cutTo     time.Time // end of the last segment cut, and
	named     time.Time // of the last one whose line is durable
}

const maxDrops = 64

// pendingLoss joins losses of one second into one gap entry.
type pendingLoss struct {
	n           int
	ssrc        uint32
	first, last uint64
	from, to    time.Time
	laid        []loss // each, not merely the sum
}

// mediaFile is an open track file.
type mediaFile struct {
	name   string
	f      ledger.File
	zero   time.Time // media time 0
	offset int64     // durable bytes
	init   []byte    // to be written before the first cluster, nil afterwards
	config []byte    // that its pictures are decoded by, H.264 only
	batch
	lastMS int64
	dirty  bool  // something is written and not yet in a cycle
	fresh  bool  // its directory entry is not durable yet
	broken error // of a write; the file ends with the cycle that takes it
}

// batch is what was written and is not yet durable.
type batch struct {
	bytes []byte
	units []unit
	times [2]int64 // media milliseconds of the first and last block
}

// segment collects what becomes one seg line.
type segment struct {
	body    segBody
	hash    hash.Hash
	started bool
	since   time.Time
	to      time.Time // arrival of its last packet
	sr      []reportBody
}

// mediaClock maps RTP time to the file's time: anchored at the arrival of the
// first packet of a run, then driven by the sender's clock alone.
type mediaClock struct {
	ssrc uint32
	rate uint32
	set  bool
	ts   uint32
	ext  int64
	base time.Time
}

// maxDrift is how far a sender's clock may leave the arrivals before it is taken
// for a jump of that clock and anchored anew.
const maxDrift = 5 * time.Second

func (c *mediaClock) at(u *unit) time.Time {
	if c.set && c.ssrc == u.ssrc {
		c.ext += int64(int32(u.ts - c.ts))
		c.ts = u.ts
		t := c.base.Add(time.Duration(c.ext) * time.Second / time.Duration(c.rate))
		if d := u.from.Sub(t); d < maxDrift && d > -maxDrift {
			return t
		}
	}
	c.ssrc, c.ts, c.ext, c.base, c.set = u.ssrc, u.ts, 0, u.from, true
	return u.from
}

// maxReports bounds the sender-report pairs of one seg line.
const maxReports = 16

// feed turns complete frames into clusters of the track file's batch. It begins
// a file when there is none, at a keyframe.
func (p *Part) feed(t *track, now time.Time) {
	units := t.asm.units
	t.asm.units = t.asm.units[:0]
	for i := 0; i < len(units); {
		u := &units[i]
		if t.file != nil && t.file.broken != nil {
			t.starve(u, causeOf(t.file.broken))
			i++
			continue
		}
		if !p.suits(t, u, now) || t.file == nil && !p.begin(t, u, now) {
			i++
			continue
		}
		p.flushStarved(t, u.from)
		var frames []frame
		j := i
		for ; j < len(units) && (units[j].config == nil || bytes.Equal(units[j].config, t.file.config)); j++ {
			ms := max(t.clock.at(&units[j]).Sub(t.file.zero).Milliseconds(), t.file.lastMS)
			t.file.lastMS = ms
			frames = append(frames, frame{ms: ms, key: units[j].key, data: units[j].data})
		}
		p.write(t, frames, units[i:j])
		i = j
	}
}

// changes bounds how often another way of decoding begins another file: an encoder that
// changes with every picture would make thousands.
type changes struct {
	foreign bool // what comes now cannot be decoded as the file says
	last    time.Time
	wait    time.Duration // from last to the next
}

const (
	minChange = time.Second
	maxChange = time.Minute
)

// due says that a file may end for another at now, and counts it.
func (c *changes) due(now time.Time) bool {
	since := now.Sub(c.last)
	switch {
	case since < c.wait:
		return false
	case since < 2*maxChange:
		c.wait = min(max(2*c.wait, minChange), maxChange)
	default:
		c.wait = minChange
	}
	c.last = now
	return true
}

// suits says that the unit can go to the track's file, or to a new one: a file says once
// how its pictures are decoded.
func (p *Part) suits(t *track, u *unit, now time.Time) bool {
	if t.file == nil {
		t.change.foreign = false
		return true
	}
	if u.config != nil {
		t.change.foreign = !bytes.Equal(u.config, t.file.config)
		if t.change.foreign && t.change.due(now) {
			p.newFile(t)
			t.change.foreign = false
		}
	}
	if t.change.foreign {
		t.starve(u, CauseUnsteady)
	}
	return !t.change.foreign
}

// begin makes the next file of the track. A file that cannot be made is tried
// again after a second.
func (p *Part) begin(t *track, u *unit, now time.Time) bool {
	if t.info.Codec != sfu.Opus && !u.key {
		p.blind(t, true)
		t.starve(u, CauseNoKeyframe)
		return false
	}
	if now.Before(t.retry) {
		t.starve(u, CauseDisk)
		return false
	}
	t.files++
	name := mediaName(t.id, t.files)
	f, err := p.fs.Create(name)
	if err != nil {
		t.retry = now.Add(time.Second)
		t.starve(u, causeOf(err))
		p.faulted(causeOf(err))
		p.p.Logger.Error("track file not begun", "hearing", p.p.Hearing, "file", name, "error", err)
		return false
	}
	p.flushStarved(t, u.from)
	t.clock = mediaClock{rate: max(t.info.ClockRate, 1)}
	t.file = &mediaFile{
		name: name, f: f, fresh: true, zero: u.from, config: u.config,
		init: initBytes(codecName(t.info.Codec), max(t.info.Channels, 1), u.width, u.height, u.config),
	}
	return true
}

// starve counts a frame that found no file to go to. The first cause stands.
func (t *track) starve(u *unit, cause string) {
	if t.starving == 0 {
		t.starved, t.starveCause = u.from, cause
	}
	t.starving += u.packets
}

// flushStarved writes the gap entry of such frames.
func (p *Part) flushStarved(t *track, to time.Time) {
	if t.starving > 0 {
		p.gap(t, t.starveCause, t.starved, to, gapBody{Packets: t.starving})
		t.starved, t.starving = to, 0
	}
}

// write appends clusters, each by one write(2). What was written counts only
// after sync.
func (p *Part) write(t *track, frames []frame, units []unit) {
	m := t.file
	if len(m.units) == 0 {
		m.times[0] = frames[0].ms
	}
	for len(frames) > 0 {
		buf, n := appendCluster(m.init, frames)
		wrote, err := m.f.Write(buf)
		if err == nil && wrote != len(buf) {
			err = unix.ENOSPC
		}
		if err != nil {
			m.broken = err
			for i := range units {
				t.starve(&units[i], causeOf(err))
			}
			p.status.trouble(causeOf(err))
			return
		}
		if m.init != nil {
			t.seg.body.Init = int64(len(m.init))
			m.init = nil
		}
		m.bytes = append(m.bytes, buf...)
		m.times[1] = frames[n-1].ms
		if slices.ContainsFunc(units[:n], func(u unit) bool { return u.key }) {
			p.blind(t, false)
		}
		m.units = append(m.units, units[:n]...)
		m.dirty = true
		frames, units = frames[n:], units[n:]
	}
}

// synced moves a batch into the segment once it is durable.
func (p *Part) synced(t *track, m *mediaFile, got batch) {
	s := &t.seg
	if !s.started {
		init, lost := s.body.Init, s.body.Lost
		*s = segment{hash: sha256.New(), started: true, since: p.p.Now(), sr: s.sr}
		s.body = segBody{
			Track: t.id, File: m.name, Codec: codecName(t.info.Codec), Offset: m.offset, Init: init, Lost: lost,
			FromMS: got.times[0], FromNS: p.ns(got.units[0].from), FromT: got.units[0].from.UnixMicro(),
		}
	}
	_, _ = s.hash.Write(got.bytes)
	b := &s.body
	b.Length += int64(len(got.bytes))
	m.offset += int64(len(got.bytes))
	b.ToMS = got.times[1]
	for i := range got.units {
		u := &got.units[i]
		b.Frames++
		if u.key && t.info.Codec != sfu.Opus {
			b.Keys++
		}
		n := len(b.SSRCs)
		if n == 0 || b.SSRCs[n-1].SSRC != u.ssrc {
			b.SSRCs = append(b.SSRCs, ssrcBody{SSRC: u.ssrc, First: u.first, FirstTS: u.ts})
			n++
		}
		x := &b.SSRCs[n-1]
		x.Last, x.LastTS, x.Packets = u.last, u.ts, x.Packets+u.packets
		b.ToNS, b.ToT, s.to = p.ns(u.to), u.to.UnixMicro(), u.to
	}
}

// cut ends the segment and returns its line.
func (t *track) cut(recs []ledger.Record) []ledger.Record {
	s := &t.seg
	if !s.started {
		return recs
	}
	s.body.SHA256 = hex.EncodeToString(s.hash.Sum(nil))
	s.body.SR = s.sr
	s.body.Late, t.asm.late = t.asm.late, 0
	recs = append(recs, record(ledger.KindSeg, s.body))
	t.cutTo = s.to
	*s = segment{}
	return recs
}

// endFile gives a file up after a failed write or sync: nothing is retried. What
// is durable keeps its seg line; the log says where the file ends. given are the
// frames of the sync that failed, nil when it was a write.
func (p *Part) endFile(t *track, m *mediaFile, err error, given []unit) {
	given = append(given, m.units...)
	p.out = t.cut(p.out)
	length := m.offset
	p.out = append(p.out, record(ledger.KindTrackClose, trackCloseBody{
		Track: t.id, Why: causeOf(err), AtNS: p.ns(p.p.Now()), File: m.name, Length: &length,
	}))
	_ = m.f.Close() // its bytes are given up already
	p.blind(t, true)
	t.file, t.retry = nil, p.p.Now().Add(time.Second)
	if len(given) > 0 {
		if t.starving == 0 || given[0].from.Before(t.starved) {
			t.starved, t.starveCause = given[0].from, causeOf(err)
		}
		for i := range given {
			t.starving += given[i].packets
		}
	}
	p.faulted(causeOf(err))
	p.p.Logger.Error("track file ended", "hearing", p.p.Hearing, "file", m.name, "error", err)
}

func causeOf(err error) string {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return CauseFull
	}
	return CauseDisk
}

// gap appends a gap entry.
func (p *Part) gap(t *track, cause string, from, to time.Time, g gapBody) {
	g.Track, g.Cause, g.By = t.id, cause, "recorder"
	g.FromT, g.ToT = from.UnixMicro(), to.UnixMicro()
	g.FromNS, g.ToNS = p.ns(from), p.ns(to)
	p.out = append(p.out, record(ledger.KindGap, g))
}

func (p *Part) ns(t time.Time) int64 { return t.Sub(p.base).Nanoseconds() }

func codecName(c sfu.Codec) string {
	switch c {
	case sfu.Opus:
		return opusName
	case sfu.H264:
		return h264Name
	default:
		return vp8Name
	}
}
