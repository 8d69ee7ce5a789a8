// Package court holds what the rules know of institutions: units, the scope
// that a caller may read or change, and the capacities (tư cách tố tụng) in
// which people take part. It is pure: no I/O, no clock.
package court

import "strings"

// UnitID names a court, procuracy or detention facility (UUIDv7 text).
type UnitID string

// Capacity is the procedural capacity of a person in one hearing. Its values
// are the identifiers of the glossary (docs/glossary.md).
type Capacity string

// The capacities that the rules know.
const (
	PresidingJudge   Capacity = "presiding_judge"
	Judge            Capacity = "judge"
	LayAssessor      Capacity = "lay_assessor"
	Clerk            Capacity = "clerk"
	Procurator       Capacity = "procurator"
	DefenceCounsel   Capacity = "defence_counsel"
	Defendant        Capacity = "defendant"
	Plaintiff        Capacity = "plaintiff"
	Respondent       Capacity = "respondent"
	Victim           Capacity = "victim"
	Witness          Capacity = "witness"
	Interpreter      Capacity = "interpreter"
	DetentionOfficer Capacity = "detention_officer"
	PointOfficer     Capacity = "point_officer"

	CivilClaimant       Capacity = "civil_claimant"
	CivilRespondent     Capacity = "civil_respondent"
	ClaimantAdmin       Capacity = "claimant_admin"
	RespondentAdmin     Capacity = "respondent_admin"
	RelatedParty        Capacity = "related_party"
	Lawyer              Capacity = "lawyer"
	LegalAidOfficer     Capacity = "legal_aid_officer"
	RightsProtector     Capacity = "rights_protector"
	LegalRepresentative Capacity = "legal_representative"
	AuthorisedRep       Capacity = "authorised_rep"
	ProtectedWitness    Capacity = "protected_witness" // refused until disguise exists
	Expert              Capacity = "expert"
	Valuer              Capacity = "valuer"
	SignInterpreter     Capacity = "sign_interpreter"
	JudicialPolice      Capacity = "judicial_police"
	Journalist          Capacity = "journalist"
	Attendee            Capacity = "attendee"

	// MilitaryAssessor sits where a LayAssessor sits in the courts of the people, with
	// the same rights: in military courts the law knows the one, elsewhere the other
	// (Law on the organisation of people's courts 34/2024/QH15).
	MilitaryAssessor Capacity = "military_assessor"
)

// Military tells whether a unit's kind (docs/glossary.md) is one of the military
// courts.
func Military(kind string) bool { return strings.HasPrefix(kind, "court.mil_") }

// Scope is the set of units whose hearings a caller may touch. The zero Scope
// reaches nothing. Every store method that reads or changes a hearing takes one.
type Scope struct {
	system bool
	units  []UnitID
}

// ScopeOf is the scope of exactly the given units.
func ScopeOf(units ...UnitID) Scope { return Scope{units: append([]UnitID(nil), units...)} }

// SystemScope is the scope of the running process itself (recovery, leases,
// replay). It is never derived from a request.
func SystemScope() Scope { return Scope{system: true} }

// Empty tells whether the scope reaches nothing.
func (s Scope) Empty() bool { return !s.system && len(s.units) == 0 }

// Covers tells whether the scope reaches the unit.
func (s Scope) Covers(u UnitID) bool {
	if s.system {
		return true
	}
	for _, x := range s.units {
		if x == u {
			return true
		}
	}
	return false
}

// Valid tells whether c is a capacity that the rules know.
func (c Capacity) Valid() bool {
	switch c {
	case PresidingJudge, Judge, LayAssessor, Clerk, Procurator, DefenceCounsel, Defendant,
		Plaintiff, Respondent, Victim, Witness, Interpreter, DetentionOfficer, PointOfficer,
		CivilClaimant, CivilRespondent, ClaimantAdmin, RespondentAdmin, RelatedParty, Lawyer, LegalAidOfficer,
		RightsProtector, LegalRepresentative, AuthorisedRep, ProtectedWitness, Expert, Valuer, SignInterpreter,
		JudicialPolice, Journalist, Attendee, MilitaryAssessor:
		return true
	default:
		return false
	}
}

// HoldsRoom tells whether the capacity keeps the door of the courtroom: such a
// person enters on check-in and admits others (domain, T9: the second holder).
func (c Capacity) HoldsRoom() bool { return c == PresidingJudge || c == Clerk }

// OfCourt tells whether the capacity belongs to the bench or its clerk, who
// know who is expected, waiting or removed.
func (c Capacity) OfCourt() bool {
	switch c {
	case PresidingJudge, Judge, LayAssessor, MilitaryAssessor, Clerk:
		return true
	default:
		return false
	}
}

// OnPanel tells whether the capacity deliberates and votes (BLTTHS art. 254, 326).
func (c Capacity) OnPanel() bool { return c == PresidingJudge || c == Judge || c.assesses() }

func (c Capacity) assesses() bool { return c == LayAssessor || c == MilitaryAssessor }

// In is the capacity as courts of the unit's kind know it: a lay assessor of a
// military court is a military assessor. Every other capacity is the same everywhere.
func (c Capacity) In(kind string) Capacity {
	if c == LayAssessor && Military(kind) {
		return MilitaryAssessor
	}
	return c
}

// OfTrial tells whether the capacity makes up the trial: without the panel, the
// procurator and the clerk it does not go on (BLTTHS art. 254, 289).
func (c Capacity) OfTrial() bool { return c.OfCourt() || c == Procurator }

// CentralOnly tells whether the capacity must sit at the central point (TTLT
// 05/2021 art. 10).
func (c Capacity) CentralOnly() bool { return c.OfTrial() }

// Called tells whether the capacity is not admitted with the others but called
// in by the presiding judge, and dismissed again (BLTTHS art. 304, 311).
func (c Capacity) Called() bool {
	return c == Witness || c == ProtectedWitness || c == Expert || c == Valuer
}

// Counsels tells whether the capacity may ask to talk privately with a client.
func (c Capacity) Counsels() bool {
	switch c {
	case DefenceCounsel, Lawyer, LegalAidOfficer, RightsProtector:
		return true
	default:
		return false
	}
}

// Officers tells whether the capacity supports a point: reports presence,
// confirms who is in front of a device, announces (TTLT 05/2021 art. 10, 13, 14).
func (c Capacity) Officers() bool {
	return c == DetentionOfficer || c == PointOfficer || c == JudicialPolice
}

// Watches tells whether the capacity only watches, and only what is public
// (Law on the organisation of people's courts 34/2024/QH15 art. 141).
func (c Capacity) Watches() bool { return c == Journalist || c == Attendee }
