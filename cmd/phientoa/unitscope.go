package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/units"
	"phientoa/signaling"
	"phientoa/signaling/office"
	"phientoa/signaling/oversight"
)

// unitScopes tell whose hearings a unit of the procuracy may follow. The tree does not
// change while the process runs, so an answer holds for the day.
type unitScopes struct {
	tree  *units.Tree // nil: nobody follows anything
	mu    sync.Mutex
	day   units.Day
	known map[court.UnitID]court.Scope // of day
}

// openUnits reads the tree of units.
func openUnits(p nodeParams) (*unitScopes, error) {
	list := units.Demonstration()
	if !p.demo {
		if p.UnitTree == "" {
			return &unitScopes{}, nil
		}
		f, err := os.Open(p.UnitTree)
		if err != nil {
			return nil, fmt.Errorf("unit-tree: %w", err)
		}
		defer f.Close()
		if list, err = units.Read(f); err != nil {
			return nil, fmt.Errorf("unit-tree: %w", err)
		}
	}
	tree, findings := units.Build(list)
	if len(findings) > 0 {
		return nil, fmt.Errorf("unit-tree: %s / %s (%d)", findings[0].Vi, findings[0].En, len(findings)) //nolint:err113 // for the operator who starts it
	}
	return &unitScopes{tree: tree}, nil
}

// of is the scope of the procuracy's unit at a time; of a court's none.
func (s *unitScopes) of(_ context.Context, unit court.UnitID, at time.Time) (court.Scope, error) {
	return s.scope(unit, units.Procuracy, at), nil
}

// overview is the court itself and the courts below it at a time; itself alone where no
// tree names it.
func (s *unitScopes) overview(_ context.Context, unit court.UnitID, at time.Time) (court.Scope, error) {
	if below := s.scope(unit, units.Court, at); below.Covers(unit) {
		return below, nil
	}
	return court.ScopeOf(unit), nil
}

// scope is what the tree gives the unit, if it is one of the kind.
func (s *unitScopes) scope(unit court.UnitID, kind units.Kind, at time.Time) court.Scope {
	if s.tree == nil {
		return court.ScopeOf()
	}
	if u, ok := s.tree.Unit(unit); !ok || u.Kind != kind {
		return court.ScopeOf()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if day := units.DayOf(at); day != s.day {
		s.day, s.known = day, map[court.UnitID]court.Scope{}
	}
	scope, ok := s.known[unit]
	if !ok {
		scope = court.ScopeOf(s.tree.UnitScope(unit, s.day)...)
		s.known[unit] = scope
	}
	return scope
}

// below are the units below a procuracy's that stand now, by name, of which its head may
// lend one alone.
func (s *unitScopes) below(unit court.UnitID) []office.PartItem {
	if s.tree == nil {
		return nil
	}
	var list []office.PartItem
	for _, id := range s.tree.Descendants(unit, units.DayOf(time.Now())) {
		if u, ok := s.tree.Unit(id); ok && u.Kind == units.Procuracy {
			list = append(list, office.PartItem{Unit: string(id), Name: u.Name})
		}
	}
	slices.SortFunc(list, func(a, b office.PartItem) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Unit, b.Unit))
	})
	return list
}

// rank is the height of the court's level from the top; where that is not known, below all.
func (s *unitScopes) rank(c court.UnitID) int {
	if s.tree != nil {
		if u, ok := s.tree.Unit(c); ok {
			return u.Level.Rank()
		}
	}
	return units.Region.Rank()
}

// name is how the unit is called, its id where that is not known.
func (s *unitScopes) name(unit court.UnitID) string {
	if s.tree != nil {
		if u, ok := s.tree.Unit(unit); ok {
			return u.Name
		}
	}
	return string(unit)
}

// overseers are the units in whose scope the court's hearings lie.
func (s *unitScopes) overseers(c court.UnitID) []signaling.OverseerUnit {
	if s.tree == nil {
		return nil
	}
	list := s.tree.Overseers(c, units.DayOf(time.Now()))
	out := make([]signaling.OverseerUnit, 0, len(list))
	for i := range list {
		out = append(out, signaling.OverseerUnit{ID: list[i].ID, Name: list[i].Name})
	}
	return out
}

// followers are who follows a hearing, as its court reads it.
func (s *unitScopes) followers(list []oversight.Follower) []signaling.Follower {
	out := make([]signaling.Follower, 0, len(list))
	for _, f := range list {
		out = append(out, signaling.Follower{Unit: f.Unit, Name: s.name(f.Unit), People: f.People})
	}
	return out
}
