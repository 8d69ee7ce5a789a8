package signaling

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

// seat is the place of one device in one hearing as the protocol sees it. It
// outlives connections: within the resume window a client continues where its
// last connection broke. Methods never block.
type seat struct {
	person hearing.PersonID
	device hearing.DeviceID
	limits Limits

	mu    sync.Mutex
	token string
	seq   uint64 // of the last reliable message
	lost  uint64 // highest seq given up because of a bound: resume must not start before
	ring  []sent
	bytes int
	// transient messages are dropped, the oldest first, when the client is slow.
	transient []*wire.Envelope
	conn      *link // attached connection, nil when detached
	commands  commandCache
	language  string
}

// sent is a reliable message kept until acknowledged, superseded or given up.
type sent struct {
	env  *wire.Envelope
	size int
}

// link is the connection's end of a seat: where its writer has come to.
type link struct {
	wake   chan struct{} // capacity 1
	cursor uint64        // last reliable seq handed to the socket
	bye    *wire.Bye     // final message; set once
	gone   bool          // close without a word
}

func (l *link) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func newSeat(p hearing.PersonID, d hearing.DeviceID, lim Limits, random io.Reader) (*seat, error) {
	token, err := newToken(random)
	if err != nil {
		return nil, err
	}
	return &seat{person: p, device: d, limits: lim, token: token, commands: newCommandCache(lim)}, nil
}

// newToken makes 256 random bits as text.
func newToken(random io.Reader) (string, error) {
	var b [32]byte
	if random == nil {
		random = rand.Reader
	}
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// canResume tells whether a client that has worked through lastSeq can go on.
func (s *seat) canResume(token string, lastSeq uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) == 1 && lastSeq >= s.lost && lastSeq <= s.seq
}

// attach makes l the seat's connection, going on after lastSeq; a connection
// that was attached is told that it was taken over.
func (s *seat) attach(l *link, lastSeq uint64, language string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLocked(&wire.Bye{Reason: wireRefusal(refuseTakenOver())})
	l.cursor = lastSeq
	s.conn, s.language = l, language
	s.transient = nil
	s.ackLocked(lastSeq)
	l.poke()
}

// detach forgets l if it is still the seat's connection.
func (s *seat) detach(l *link) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != l {
		return false
	}
	s.conn = nil
	s.transient = nil
	return true
}

// end says goodbye to the attached connection.
func (s *seat) end(b *wire.Bye) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLocked(b)
}

func (s *seat) endLocked(b *wire.Bye) {
	if s.conn == nil {
		return
	}
	s.conn.bye = b
	s.conn.poke()
	s.conn = nil
	s.transient = nil
}

// send queues a reliable message. id answers a request. A View supersedes the
// Views before it: each is whole.
func (s *seat) send(env *wire.Envelope) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sendLocked(env)
}

func (s *seat) sendLocked(env *wire.Envelope) {
	s.seq++
	env.Seq = s.seq
	if env.GetView() != nil {
		s.dropLocked(func(e *wire.Envelope) bool { return e.GetView() != nil })
	}
	n := proto.Size(env)
	s.ring = append(s.ring, sent{env, n})
	s.bytes += n
	for len(s.ring) > s.limits.RingMessages || s.bytes > s.limits.RingBytes {
		s.lost = s.ring[0].env.Seq
		s.bytes -= s.ring[0].size
		s.ring = s.ring[1:]
	}
	if s.conn == nil {
		return
	}
	if s.unsentLocked() > s.limits.UnsentMessages || s.lost > s.conn.cursor {
		s.conn.gone = true
		s.conn.poke()
		return
	}
	s.conn.poke()
}

func (s *seat) unsentLocked() int {
	n := 0
	for i := len(s.ring) - 1; i >= 0 && s.ring[i].env.Seq > s.conn.cursor; i-- {
		n++
	}
	return n
}

// post queues a message that is not repeated on resume.
func (s *seat) post(env *wire.Envelope) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return
	}
	if len(s.transient) >= s.limits.Transients {
		s.transient = s.transient[1:]
	}
	s.transient = append(s.transient, env)
	s.conn.poke()
}

// purge forgets everything that was said in the courtroom and not received yet,
// for a person who left it. Answers to commands stay, and those about media when
// the person's own connection goes on.
func (s *seat) purge(media bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropLocked(func(e *wire.Envelope) bool {
		kept := e.GetCommandResult() != nil || media && (e.GetMediaAnswer() != nil || e.GetNeedSections() != nil || e.GetNeedLayers() != nil || e.GetMediaRelay() != nil)
		return !kept
	})
	s.transient = nil
}

func (s *seat) dropLocked(match func(*wire.Envelope) bool) {
	kept := s.ring[:0]
	for _, e := range s.ring {
		if match(e.env) {
			s.bytes -= e.size
			continue
		}
		kept = append(kept, e)
	}
	clear(s.ring[len(kept):])
	s.ring = kept
}

// ack forgets what the client has worked through.
func (s *seat) ack(seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ackLocked(seq)
}

func (s *seat) ackLocked(seq uint64) {
	for len(s.ring) > 0 && s.ring[0].env.Seq <= seq {
		s.bytes -= s.ring[0].size
		s.ring = s.ring[1:]
	}
	if seq > s.lost && seq <= s.seq {
		s.lost = seq
	}
}

// next returns what l's writer has to send now, and the final word if any.
// closed: end the connection after that.
func (s *seat) next(l *link) (envs []*wire.Envelope, bye *wire.Bye, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.bye != nil {
		return nil, l.bye, true
	}
	if l.gone {
		return nil, &wire.Bye{Reason: wireRefusal(refuseSlow()), Retry: true}, true
	}
	if s.conn != l {
		return nil, nil, true
	}
	for _, e := range s.ring {
		if e.env.Seq > l.cursor {
			envs = append(envs, e.env)
		}
	}
	l.cursor = s.seq
	envs = append(envs, s.transient...)
	s.transient = nil
	return envs, nil, false
}

// commandCache remembers the answers to command ids, so that a command repeated
// after a resume is answered again and never done twice.
type commandCache struct {
	pendingMax, doneMax int
	pending             map[string]bool
	done                map[string]*wire.CommandResult
	order               []string
}

func newCommandCache(lim Limits) commandCache {
	return commandCache{
		pendingMax: lim.CommandsPending, doneMax: lim.CommandIDs,
		pending: map[string]bool{}, done: map[string]*wire.CommandResult{},
	}
}

// begin registers a command. start tells whether to do it. When it was done
// before it is answered again here, and one still under way is left alone.
func (s *seat) begin(id string) (start bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.commands
	if res, ok := c.done[id]; ok {
		s.sendLocked(commandResult(id, res))
		return false
	}
	if c.pending[id] {
		return false
	}
	if len(c.pending) >= c.pendingMax {
		// Not remembered: the client may try the same id again.
		s.sendLocked(commandResult(id, &wire.CommandResult{Refusal: wireRefusal(refuseBusy())}))
		return false
	}
	c.pending[id] = true
	return true
}

// answer ends a command and tells the client.
func (s *seat) answer(id string, res *wire.CommandResult) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.commands
	delete(c.pending, id)
	if _, ok := c.done[id]; !ok {
		c.order = append(c.order, id)
	}
	c.done[id] = res
	for len(c.order) > c.doneMax {
		delete(c.done, c.order[0])
		c.order = c.order[1:]
	}
	s.sendLocked(commandResult(id, res))
}

func commandResult(id string, res *wire.CommandResult) *wire.Envelope {
	return &wire.Envelope{Id: id, Body: &wire.Envelope_CommandResult{CommandResult: res}}
}

// presence follows whether the device's client is connected, with a debounce.
type presence struct {
	told       bool                 // what the rules were told last
	detachedAt time.Time            // zero while attached
	since      time.Time            // since when it is here without a break; zero: it is not
	silence    func() time.Duration // of the connection that was attached last
	free       func() time.Duration // of the same: Conn.Free
}

// endLink says goodbye to l, whether it is still attached or not. The seat
// counts as detached when the session leaves.
func (s *seat) endLink(l *link, b *wire.Bye) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.bye == nil {
		l.bye = b
	}
	l.poke()
}
