package sfu

const seenWindow = 1024

// receiveSeq extends the sequence numbers of one received stream and drops what
// came before or is too old. A later stream in the same place (another SSRC)
// continues above all earlier numbers, so marks stay comparable.
type receiveSeq struct {
	first, highest uint64 // of the present stream; 0: nothing seen yet
	base           uint64
	seen           [seenWindow]uint64
}

// reset begins a new stream.
func (r *receiveSeq) reset() {
	r.base = (r.highest>>16 + 2) << 16
	r.first = 0
}

// accept extends seq; fresh is false for repeats, for packets older than the
// window and for those that precede the first of the stream.
func (r *receiveSeq) accept(seq uint16) (ext uint64, fresh bool) {
	if r.first == 0 {
		if r.base == 0 {
			r.base = 1 << 16
		}
		r.first = r.base | uint64(seq)
		r.highest = r.first
		r.seen[r.first%seenWindow] = r.first
		return r.first, true
	}
	ext = r.highest + uint64(int64(int16(seq-uint16(r.highest))))
	if ext < r.first || ext+seenWindow <= r.highest || r.seen[ext%seenWindow] == ext {
		return ext, false
	}
	r.seen[ext%seenWindow] = ext
	r.highest = max(r.highest, ext)
	return ext, true
}

// note is accept of a number that another has extended already, above all of earlier
// streams.
func (r *receiveSeq) note(ext uint64) (fresh bool) {
	if r.first == 0 {
		r.first, r.highest = ext, max(r.highest, ext)
		r.seen[ext%seenWindow] = ext
		return true
	}
	if ext < r.first || ext+seenWindow <= r.highest || r.seen[ext%seenWindow] == ext {
		return false
	}
	r.seen[ext%seenWindow] = ext
	r.highest = max(r.highest, ext)
	return true
}

// had says whether ext was accepted (within the window).
func (r *receiveSeq) had(ext uint64) bool { return r.seen[ext%seenWindow] == ext }

type seqSegment struct{ from, shift uint64 }

// sendSeq maps extended sequence numbers of the forwarded stream to those of one
// section: without gaps where packets are left out on purpose, with the gaps of
// loss kept, so that a late packet finds its place.
type sendSeq struct {
	next     uint64 // number that an in-order packet gets
	high     uint64 // highest number mapped or left out
	segments [8]seqSegment
	n        int
}

// start begins anew at ext, directly after what was sent last.
func (m *sendSeq) start(ext uint64) {
	m.segments[0] = seqSegment{from: ext, shift: ext - m.next}
	m.n = 1
	m.high = ext - 1
}

// skip leaves out ext. A late one keeps its hole.
func (m *sendSeq) skip(ext uint64) {
	if m.n == 0 || ext <= m.high {
		return
	}
	last := m.segments[m.n-1]
	if m.n == len(m.segments) {
		copy(m.segments[:], m.segments[1:])
		m.n--
	}
	m.segments[m.n] = seqSegment{from: ext + 1, shift: last.shift + 1}
	m.n++
	m.high = ext
	m.next = ext - last.shift
}

// take maps ext; ok is false for packets older than the segments known.
func (m *sendSeq) take(ext uint64) (out uint64, ok bool) {
	for i := m.n - 1; i >= 0; i-- {
		s := m.segments[i]
		if ext < s.from {
			continue
		}
		out = ext - s.shift
		if ext > m.high {
			m.high = ext
			m.next = out + 1
		}
		return out, true
	}
	return 0, false
}
