package oversight

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"phientoa/internal/court"
)

// Follower is a unit of which people follow a hearing now.
type Follower struct {
	Unit   court.UnitID
	People int
}

// followers counts who follows what: people with a connection that is up, each once
// however many they have. Its lock is taken last.
type followers struct {
	mu   sync.Mutex
	told func(hearing string, list []Follower) // nil: nobody asks
	of   map[string]map[follower]int           // by hearing: connections
}

type follower struct {
	unit    court.UnitID
	account string
}

// add counts a connection, or with -1 the end of one, and tells who follows from now on.
func (f *followers) add(hearing string, who follower, n int) {
	if f.told == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.of[hearing]
	if all == nil {
		all = map[follower]int{}
		f.of[hearing] = all
	}
	was := len(all)
	if all[who] += n; all[who] <= 0 {
		delete(all, who)
	}
	if len(all) == 0 {
		delete(f.of, hearing)
	}
	if len(all) != was {
		f.told(hearing, people(all))
	}
}

// again tells who follows a hearing that has begun anew here and knows of nobody.
func (f *followers) again(hearing string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if all := f.of[hearing]; len(all) > 0 {
		f.told(hearing, people(all))
	}
}

// people counts by unit, in the order of their ids.
func people(all map[follower]int) []Follower {
	by := map[court.UnitID]int{}
	for who := range all {
		by[who.unit]++
	}
	list := make([]Follower, 0, len(by))
	for unit, n := range maps.All(by) {
		list = append(list, Follower{unit, n})
	}
	slices.SortFunc(list, func(a, b Follower) int { return cmp.Compare(a.Unit, b.Unit) })
	return list
}
