package hearing

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"phientoa/internal/court"
)

// Monitors is whom the court lets follow a hearing from outside: the procuracy's heads
// and whoever they sent (VKSNDTC letter 1245/VKSTC-C2, TANDTC letter 57/TANDTC-TH: the
// court decides). Whose hearings a unit may follow at all is no matter of the hearing.
type Monitors string

// Monitors.
const (
	MonitorsAll   Monitors = "open"   // every unit in whose scope the hearing lies
	MonitorsNone  Monitors = "closed" // nobody
	MonitorsNamed Monitors = "named"  // the units that the decision names
)

// maxMonitors is how many units a decision can name.
const maxMonitors = 32

// MonitoringState is the court's decision about who follows from outside. Units are
// sorted, each once, and there are some only for MonitorsNamed.
type MonitoringState struct {
	To     Monitors       `json:"to"`
	Units  []court.UnitID `json:"units,omitempty"`
	Reason string         `json:"reason,omitempty"`
	At     int64          `json:"at,omitempty"` // UTC unix microseconds; 0: nobody decided, it is the policy's
}

// SetMonitoring is the decision: by the presiding judge; the clerk may end monitoring.
// A reason is needed for naming units, and for opening what the policy keeps closed.
type SetMonitoring struct {
	To     Monitors
	Units  []court.UnitID
	Reason string
}

// MonitoringSet: the court decided who may follow from outside.
type MonitoringSet struct {
	To     Monitors       `json:"to"`
	Units  []court.UnitID `json:"units,omitempty"`
	Reason string         `json:"reason,omitempty"`
}

// Kind is the event's stable name.
func (MonitoringSet) Kind() string { return "monitoring.set" }

// Restricts is true when nobody may follow any more.
func (b MonitoringSet) Restricts() bool { return b.To == MonitorsNone }

// apply notes the decision for the doors as they are: one made in public says nothing
// about what is tried behind closed doors.
func (b MonitoringSet) apply(s *State, e Event) error {
	if s.Status.Over() || !validMonitors(b.To, b.Units) || s.doorsClosed() && b.To == MonitorsAll {
		return fmt.Errorf("%w: monitoring", ErrImpossible)
	}
	m := &MonitoringState{To: b.To, Units: slices.Clone(b.Units), Reason: b.Reason, At: e.At}
	if s.doorsClosed() {
		s.MonitoringInside = m
	} else {
		s.Monitoring = m
	}
	return nil
}

func validMonitors(to Monitors, units []court.UnitID) bool {
	switch to {
	case MonitorsAll, MonitorsNone:
		return len(units) == 0
	case MonitorsNamed:
		return len(units) > 0 && len(units) <= maxMonitors && slices.IsSorted(units) &&
			len(slices.Compact(slices.Clone(units))) == len(units) && !slices.ContainsFunc(units, func(u court.UnitID) bool { return !validID(string(u)) })
	default:
		return false
	}
}

// monitoring is the decision that holds now. Behind closed doors nobody follows whom
// the court did not name since they were closed.
func (s *State) monitoring() MonitoringState {
	switch {
	case s.doorsClosed() && s.MonitoringInside != nil:
		return *s.MonitoringInside
	case s.doorsClosed():
		return MonitoringState{To: MonitorsNone}
	case s.Monitoring != nil:
		return *s.Monitoring
	case s.monitoringSpared():
		return MonitoringState{To: MonitorsNone}
	default:
		return MonitoringState{To: MonitorsAll}
	}
}

// monitoringSpared: where nobody decided, nobody follows a hearing with a minor or a
// protected witness, or one of a court whose policy is to release each hearing itself.
func (s *State) monitoringSpared() bool {
	if p := s.Booking.Policy; p != nil && p.MonitoringByRelease {
		return true
	}
	return slices.ContainsFunc(s.Booking.People, func(p Person) bool {
		return p.Minor || p.Capacity == court.ProtectedWitness
	})
}

func (s *State) monitoringView(rank standing) MonitoringView {
	m := s.monitoring()
	if rank < ofCourt {
		return MonitoringView{To: m.To}
	}
	return MonitoringView{To: m.To, Units: slices.Clone(m.Units), Reason: m.Reason, Decided: m.At != 0}
}

// monitorClasses are the classes that the courtroom reaches outside, while in session.
func (s *State) monitorClasses() []Class {
	switch m := s.monitoring(); m.To {
	case MonitorsAll:
		return []Class{ClassMonitors}
	case MonitorsNamed:
		list := make([]Class, 0, len(m.Units))
		for _, u := range m.Units {
			list = append(list, MonitorsOf(u))
		}
		return list
	default:
		return nil
	}
}

// MonitorsOf is the class of the named unit's monitors.
func MonitorsOf(u court.UnitID) Class { return ClassMonitors + ":" + Class(u) }

// Monitored tells whether a unit in whose scope the hearing lies may follow it now, and
// in which class; the class is empty when it may not.
func Monitored(s *State, u court.UnitID) Class {
	if s == nil || s.Status.Over() {
		return ""
	}
	switch m := s.monitoring(); {
	case m.To == MonitorsAll:
		return ClassMonitors
	case m.To == MonitorsNamed && slices.Contains(m.Units, u):
		return MonitorsOf(u)
	default:
		return ""
	}
}

// forMonitors tells whether a class is one of those who follow from outside.
func (c Class) forMonitors() bool {
	return c == ClassMonitors || strings.HasPrefix(string(c), string(ClassMonitors)+":")
}

func (SetMonitoring) command() string { return "set_monitoring" }

func (c SetMonitoring) may(s *State, a Actor) *Refusal {
	if c.To == MonitorsNone {
		return byHolder(s, a)
	}
	return byPresiding(s, a)
}

func (c SetMonitoring) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if len(c.Units) > maxMonitors {
		return nil, refuseMonitoring()
	}
	units := slices.Clone(c.Units)
	slices.Sort(units)
	units = slices.Compact(units)
	why, r := reason(c.Reason)
	now := s.monitoring()
	switch {
	case !validMonitors(c.To, units):
		return nil, refuseMonitoring()
	case s.doorsClosed() && c.To == MonitorsAll:
		return nil, refuseMonitoringDoors()
	case r != nil:
		return nil, r
	case now.To == c.To && slices.Equal(now.Units, units):
		return nil, refuseSameMonitoring()
	case why == "" && (c.To == MonitorsNamed || c.To == MonitorsAll && s.monitoringSpared()):
		return nil, refuseReasonNeeded()
	}
	return []EventBody{MonitoringSet{To: c.To, Units: units, Reason: why}}, nil
}
