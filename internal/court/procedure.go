package court

import "time"

// Procedure is the procedural law that a hearing follows.
type Procedure string

// Procedures (domain 2.2).
const (
	Criminal       Procedure = "criminal"
	Civil          Procedure = "civil"
	Administrative Procedure = "administrative"
)

// Phase is a step of a hearing's order of business.
type Phase string

// Phases of the three procedures (BLTTHS art. 300–329; domain 2.2).
const (
	Formalities       Phase = "formalities"        // thủ tục bắt đầu phiên tòa
	IndictmentReading Phase = "indictment_reading" // công bố cáo trạng
	Dialogue          Phase = "dialogue"           // đối thoại (administrative)
	Questioning       Phase = "questioning"        // xét hỏi; trình bày, hỏi
	EvidenceReview    Phase = "evidence_review"    // công bố, xem xét vật chứng, tài liệu
	Debate            Phase = "debate"             // tranh luận
	ProcuratorOpinion Phase = "procurator_opinion" // phát biểu của Kiểm sát viên
	LastWords         Phase = "last_words"         // lời nói sau cùng của bị cáo
	Deliberation      Phase = "deliberation"       // nghị án
	Pronouncement     Phase = "pronouncement"      // tuyên án
)

// Step is one phase of a procedure. A mandatory step is skipped with a reason only.
type Step struct {
	Phase     Phase
	Mandatory bool
}

// Steps is the order of business of the procedure; nil when it has none.
func (p Procedure) Steps() []Step {
	switch p {
	case Criminal:
		return []Step{
			{Formalities, true},
			{IndictmentReading, true},
			{Questioning, true},
			{EvidenceReview, false},
			{Debate, true},
			{LastWords, true},
			{Deliberation, true},
			{Pronouncement, true},
		}
	case Civil:
		return []Step{
			{Formalities, true},
			{Questioning, true},
			{Debate, true},
			{ProcuratorOpinion, false},
			{Deliberation, true},
			{Pronouncement, true},
		}
	case Administrative:
		return []Step{
			{Formalities, true},
			{Dialogue, false},
			{Questioning, true},
			{Debate, true},
			{ProcuratorOpinion, false},
			{Deliberation, true},
			{Pronouncement, true},
		}
	default:
		return nil
	}
}

// Valid tells whether the rules know the procedure.
func (p Procedure) Valid() bool { return p.Steps() != nil }

// Policy is every figure of the law that the rules need: values, never constants
// of the rules, each with its article beside it. Durations are in microseconds.
type Policy struct {
	// MaxComponentPoints: NQ 33/2021/QH15; TTLT 05/2021 art. 4.2.
	MaxComponentPoints int `json:"max_component_points"`
	// NoticeDays between the assessment and the decision to open the trial: TTLT 05/2021 art. 3.
	NoticeDays int `json:"notice_days"`
	// RequireOpinion: the procuracy's opinion stands before "ready" (TTLT 05/2021 art. 3, criminal).
	RequireOpinion bool `json:"require_opinion"`
	// RequireFacilities: the facilities were checked before "ready" (TTLT 05/2021 art. 4, 5).
	RequireFacilities bool `json:"require_facilities"`
	// RequireReady: the hearing opens only after "ready".
	RequireReady bool `json:"require_ready"`
	// SuspendMaxDays and AdjournMaxDays: BLTTHS art. 251, 297; BLTTDS art. 259, 233.
	SuspendMaxDays int `json:"suspend_max_days"`
	AdjournMaxDays int `json:"adjourn_max_days"`
	// HoldAfter is how long somebody needed may be lost before a technical hold is
	// proposed; HoldCountdown is the time the presiding judge has to go on instead;
	// HoldSettle is how long a link must stand to count as back (against flapping).
	HoldAfter     int64 `json:"hold_after"`
	HoldCountdown int64 `json:"hold_countdown"`
	HoldSettle    int64 `json:"hold_settle"`
	// ConsultMinutes is the usual length of a private talk; running out warns, never cuts.
	ConsultMinutes int `json:"consult_minutes"`
	// MonitoringByRelease: nobody follows from outside before the court released the
	// hearing; false: everybody whose scope it is in, until the court ends it (TANDTC
	// letter 57/TANDTC-TH: the court decides).
	MonitoringByRelease bool `json:"monitoring_by_release,omitempty"`
}

// DefaultPolicy is the policy of the procedure as the law stood on 1 March 2026
// (figures recalled, marked so in docs/glossary.md; a court may set others).
func DefaultPolicy(p Procedure) Policy {
	policy := Policy{
		MaxComponentPoints: 3, NoticeDays: 7, RequireFacilities: true, RequireReady: true,
		SuspendMaxDays: 30, AdjournMaxDays: 30,
		HoldAfter: (15 * time.Second).Microseconds(), HoldCountdown: (10 * time.Second).Microseconds(),
		HoldSettle: (3 * time.Second).Microseconds(), ConsultMinutes: 10,
	}
	if p == Criminal {
		policy.RequireOpinion, policy.SuspendMaxDays = true, 5
	}
	return policy
}

// Exclusion is a kind of case that no online hearing may try (NQ 33/2021/QH15 art. 1).
type Exclusion string

// Exclusions.
const (
	StateSecret Exclusion = "state_secret" // secrets of the state: never on this system, in any form
	ChapterXIII Exclusion = "chapter_xiii" // Penal Code, chapter XIII
	ChapterXXVI Exclusion = "chapter_xxvi" // Penal Code, chapter XXVI
)

// Valid tells whether the rules know the exclusion.
func (e Exclusion) Valid() bool { return e == StateSecret || e == ChapterXIII || e == ChapterXXVI }
