package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"phientoa/internal/store"
)

// isLinearizable lets clients of two nodes call at once, also while connections
// break, and asks whether some order of their calls explains every answer.
func isLinearizable(t *testing.T, f *fixture) {
	const clients, calls, rounds = 6, 25, 3
	for round := range rounds {
		rec := &recorder{f: f, hearing: f.hearing(t, unit), start: time.Now()}
		var g errgroup.Group
		for c := range clients {
			g.Go(func() error {
				cl := &client{rec: rec, id: c, rng: rand.New(rand.NewPCG(uint64(round), uint64(c)))}
				cl.st = []store.Store{f.A, f.B}[c%2]
				for i := range calls {
					if err := cl.call(); err != nil {
						return err
					}
					// One client of each round breaks everybody's connections.
					if c == 0 && i%10 == 5 && f.Disturb != nil {
						if err := f.Disturb(); err != nil {
							return err
						}
					}
				}
				return nil
			})
		}
		require.NoError(t, g.Wait())
		rec.do(clients, f.A, call{kind: "read"}) // what the round came to
		require.Equal(t, porcupine.Ok,
			porcupine.CheckOperationsTimeout(leaseAndLog(), rec.ops, 60*time.Second), "round %d", round)
		all(t, f.A, rec.hearing)
		requireWork(t, rec.ops)
	}
}

// requireWork makes sure that the history says something: writes happened, and
// writers were fenced or refused.
func requireWork(t *testing.T, ops []porcupine.Operation) {
	seen := map[string]int{}
	for _, op := range ops {
		seen[op.Input.(call).kind+" "+op.Output.(answer).result]++
	}
	require.Positive(t, seen["append ok"], "%v", seen)
	require.Positive(t, seen["append fenced"]+seen["append conflict"]+seen["acquire leased"], "%v", seen)
}

type call struct {
	kind  string // acquire, renew, release, append, read
	node  string
	epoch uint64
	brief bool
	after int
	line  string
}

type answer struct {
	result string // ok, leased, fenced, conflict, unknown
	epoch  uint64
	log    string
}

type recorder struct {
	f       *fixture
	hearing string
	start   time.Time
	mu      sync.Mutex
	ops     []porcupine.Operation
	err     error
}

type client struct {
	rec  *recorder
	st   store.Store
	id   int
	rng  *rand.Rand
	held store.Lease
	size int // of the log as last heard of
	n    int
}

// call makes one random call, mostly a sensible one.
func (c *client) call() error {
	c.n++
	in := call{node: fmt.Sprint("n", c.id%3), epoch: max(c.held.Epoch, 1), brief: c.rng.IntN(2) == 0}
	switch p := c.rng.IntN(20); {
	case p < 6:
		in.kind = "acquire"
	case p < 8:
		in.kind = "renew"
	case p < 9:
		in.kind = "release"
	case p < 16:
		in.kind, in.after = "append", c.size
		in.line = fmt.Sprintf("%d.%d", c.id, c.n)
	default:
		in.kind = "read"
	}
	out := c.rec.do(c.id, c.st, in)
	switch {
	case in.kind == "acquire" && out.result == "ok":
		c.held.Epoch = out.epoch
	case in.kind == "append" && out.result == "ok":
		c.size = in.after + 1
	case in.kind == "read" && out.result == "ok":
		c.size = strings.Count(out.log, ";")
	}
	c.rec.mu.Lock()
	defer c.rec.mu.Unlock()
	return c.rec.err
}

func (r *recorder) do(id int, st store.Store, in call) answer {
	begin := time.Since(r.start).Nanoseconds()
	out, err := r.perform(st, in)
	end := time.Since(r.start).Nanoseconds()
	switch {
	case err == nil:
		out.result = "ok"
	case errors.Is(err, store.ErrLeased):
		out.result = "leased"
	case errors.Is(err, store.ErrFenced):
		out.result = "fenced"
	case errors.Is(err, store.ErrConflict):
		out.result = "conflict"
	case errors.Is(err, store.ErrUnavailable):
		// It may take effect at any later time, or never.
		out.result, end = "unknown", int64(1)<<62
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if out.result == "" {
		r.err = errors.Join(r.err, err)
	}
	if in.kind == "read" && out.result == "unknown" {
		return out
	}
	r.ops = append(r.ops, porcupine.Operation{ClientId: id, Input: in, Call: begin, Output: out, Return: end})
	return out
}

func (r *recorder) perform(st store.Store, in call) (answer, error) {
	ttl := long
	if in.brief {
		ttl = brief
	}
	l := store.Lease{Hearing: r.hearing, Node: in.node, Epoch: in.epoch}
	switch in.kind {
	case "acquire":
		l, err := st.Acquire(bg(), sys(), r.hearing, in.node, ttl)
		return answer{epoch: l.Epoch}, err
	case "renew":
		_, err := st.Renew(bg(), sys(), l, ttl)
		return answer{}, err
	case "release":
		return answer{}, st.Release(bg(), sys(), l)
	case "append":
		return answer{}, st.Append(bg(), sys(), l, uint64(in.after), [][]byte{[]byte(in.line)})
	}
	ls, err := st.Read(bg(), sys(), r.hearing, 1, store.MaxReadLines)
	var log strings.Builder
	for _, line := range ls {
		log.Write(line.Line)
		log.WriteByte(';')
	}
	return answer{log: log.String()}, err
}

// leaseState is the whole state of one hearing's lease and log.
type leaseState struct {
	node    string // empty: released or never taken
	epoch   uint64
	expired bool
	log     string // lines, each with a semicolon
}

// leaseAndLog is the sequential specification.
func leaseAndLog() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{leaseState{expired: true}} },
		Step: func(state, input, output any) []any {
			s, out := state.(leaseState), output.(answer)
			next, want := specify(s, input.(call))
			if out.result == "unknown" {
				return []any{s, next}
			}
			if want != out {
				return nil
			}
			return []any{next}
		},
		Equal: func(a, b any) bool { return a == b },
	}
	return m.ToModel()
}

func specify(s leaseState, in call) (leaseState, answer) {
	holds := s.node != "" && s.node == in.node && s.epoch == in.epoch
	switch in.kind {
	case "acquire":
		if s.node != "" && s.node != in.node && !s.expired {
			return s, answer{result: "leased"}
		}
		if s.node != in.node || s.expired {
			s.epoch++
		}
		s.node, s.expired = in.node, in.brief
		return s, answer{result: "ok", epoch: s.epoch}
	case "renew":
		if !holds {
			return s, answer{result: "fenced"}
		}
		s.expired = in.brief
		return s, answer{result: "ok"}
	case "release":
		if !holds && (s.node != "" || s.epoch != in.epoch) {
			return s, answer{result: "fenced"}
		}
		s.node, s.expired = "", true
		return s, answer{result: "ok"}
	case "append":
		if !holds {
			return s, answer{result: "fenced"}
		}
		if in.after != strings.Count(s.log, ";") {
			return s, answer{result: "conflict"} // lines are unique, so never a repetition
		}
		s.log += in.line + ";"
		return s, answer{result: "ok"}
	}
	return s, answer{result: "ok", log: s.log}
}
