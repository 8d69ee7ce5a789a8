package excerpt

import (
	"errors"

	"phientoa/internal/ledger"
	"phientoa/recording"
)

// inStretches proves the lines by the trees of their strands, and these by what the end
// line says of them.
func (v *verifier) inStretches(s *stream, hidden func() (ledger.Hash, error)) error {
	v.threads = v.about.threads(func(string, uint64, uint64) func() (ledger.Hash, error) { return hidden })
	for {
		_, ok, err := s.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if _, err := s.take(); err != nil {
			return err
		}
		if v.misplaced != nil {
			return v.misplaced
		}
	}
	err := v.threads.end(v.strands, v.log.Lines, v.log.Root)
	if errors.Is(err, errHole) {
		v.fault(DamageHole, linesName, err.Error())
		err = nil
	}
	for _, t := range v.about.Tracks {
		if v.threads.of[t.Track] == nil && hasStrand(v.strands, t.Track) {
			v.fault(DamageHole, linesName, "no line of "+t.Track+" is here")
		}
	}
	v.r.Complete = err == nil && len(v.r.Damages) == 0
	return err
}

func hasStrand(all []recording.Strand, of string) bool {
	for _, s := range all {
		if s.Of == of {
			return true
		}
	}
	return false
}

// place lays a line into its strand, and judges whether the stretch that is shown of the
// strand begins and ends where nothing about the time asked for can stand outside.
func (v *verifier) place(l ledger.Line, r row) {
	of := recording.StrandOf(r.Kind, r.Track)
	p, err := v.threads.add(of, l.I, ledger.LeafHash(l.Raw))
	if err != nil {
		v.misplaced = err
		return
	}
	d := Damage{Entry: linesName, Offset: -1, Line: int64(l.I), Track: r.Track}
	bad := func(code, detail string) {
		d.Code, d.Detail = code, detail
		v.damage(d)
	}
	start := v.about.start(of)
	switch {
	case start == nil: // of no track: of the log, of what happened, or loose packets
		if !v.about.shows(r) {
			bad(DamageLine, "does not belong into this file")
		}
	case !p.stretch:
		if r.Kind != ledger.KindTrackOpen {
			bad(DamageLine, "of another time")
		}
	case p.first && p.at > 0 && r.T > start.FromT:
		bad(DamageHole, "lines about its track in front of it may speak of the time asked for")
	}
	if start != nil && p.stretch && p.last {
		v.threads.of[of].open = !v.about.behind(r)
	}
}
