package minutes

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"phientoa/internal/hearing"
)

// Maker makes the lines, event by event and item by item, in their one order. Not for
// concurrent use.
type Maker struct {
	names    Names
	s        *hearing.State // after the last event
	was      *hearing.State // before it
	doc      *State
	lines    []Line
	heads    []Head
	open     map[string]int // incidents that go on, by what they are about
	troubles []Incident
}

// NewMaker begins before the booking.
func NewMaker(names Names) *Maker {
	return &Maker{names: names, doc: &State{}, open: map[string]int{}}
}

// Make merges both logs: events in order, and each item behind the event that it names.
// Items that name a later event than the last one are left out: whoever reads the
// hearing's log first and the items after it gets lines that never change their number.
func Make(names Names, events []hearing.Event, items []Item) (*Maker, error) {
	m := NewMaker(names)
	next := 0
	upTo := func(seq uint64) error {
		for next < len(items) && items[next].Seq <= seq {
			if err := m.Item(items[next]); err != nil {
				return err
			}
			next++
		}
		return nil
	}
	for _, e := range events {
		if err := upTo(e.Seq - 1); err != nil {
			return nil, err
		}
		if err := m.Event(e); err != nil {
			return nil, err
		}
	}
	if len(events) == 0 {
		return m, nil
	}
	return m, upTo(events[len(events)-1].Seq)
}

// Lines are those made so far; the caller does not change them.
func (m *Maker) Lines() []Line { return m.lines }

// Head is the digest of the first n lines; n within [0, len(Lines())].
func (m *Maker) Head(n int) Head {
	if n == 0 {
		return Head{}
	}
	return m.heads[n-1]
}

// Incidents are what kept the hearing from being followed or recorded, by beginning.
func (m *Maker) Incidents() []Incident { return slices.Clone(m.troubles) }

// Hearing is the hearing's state behind the last event; nil before the booking.
func (m *Maker) Hearing() *hearing.State { return m.s }

// State is where the minutes stand behind the last item.
func (m *Maker) State() *State { return m.doc }

// Event takes the next event of the hearing's log.
func (m *Maker) Event(e hearing.Event) error {
	next, err := hearing.Apply(m.s, e)
	if err != nil {
		return fmt.Errorf("minutes: %w", err)
	}
	m.was, m.s = m.s, next
	if m.was == nil {
		return nil
	}
	m.incidents(e)
	for _, text := range m.tell(e) {
		m.add(Line{At: e.At, Seq: e.Seq, Kind: e.Body.Kind(), Source: FromLog, Text: sentence(text)})
	}
	return nil
}

// Item takes the next item of the minutes' log.
func (m *Maker) Item(i Item) error {
	if m.s == nil || i.Seq != m.s.Seq {
		return fmt.Errorf("%w: item %d does not stand behind the last event", ErrItem, i.N)
	}
	next, err := m.doc.apply(i)
	if err != nil {
		return err
	}
	m.doc = next
	if l, ok := m.written(i); ok {
		m.add(l)
	}
	return nil
}

func (m *Maker) add(l Line) {
	l.N = len(m.lines) + 1
	text, err := json.Marshal(l)
	if err != nil { // numbers and text only
		panic(err)
	}
	head := m.Head(len(m.lines))
	m.lines = append(m.lines, l)
	m.heads = append(m.heads, sha256.Sum256(append(head[:], text...)))
}

// begin and end keep the incidents; what is begun twice is one.
func (m *Maker) begin(about string, i Incident) {
	if _, on := m.open[about]; !on {
		m.open[about] = len(m.troubles)
		m.troubles = append(m.troubles, i)
	}
}

func (m *Maker) end(about string, at int64) {
	if i, on := m.open[about]; on {
		m.troubles[i].To = at
		delete(m.open, about)
	}
}

func (m *Maker) decided(about, text string) {
	if i, on := m.open[about]; on {
		m.troubles[i].Decided = text
	}
}
