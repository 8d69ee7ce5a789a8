package office

import "time"

// ArchiveSearchBody says what is looked for. It is a body and not a query because
// names of people stand in no address.
type ArchiveSearchBody struct {
	Text   string `json:"text,omitempty" maxLength:"200" doc:"Words in docket number, title, e-file code or people's names"`
	Person string `json:"person,omitempty" maxLength:"200" doc:"Words in the name of one person"`
	Judge  string `json:"judge,omitempty" maxLength:"200" doc:"Words in the name of a judge of the panel"`
	Unit   string `json:"unit,omitempty" maxLength:"64" doc:"Id of the court, also of a dissolved one"`
	From   string `json:"from,omitempty" format:"date-time" doc:"The hearing's start, inclusive"`
	To     string `json:"to,omitempty" format:"date-time" doc:"Exclusive"`
}

// ArchiveItem is an archive as lists show it.
type ArchiveItem struct {
	ID        string    `json:"id" doc:"Of the hearing"`
	Unit      string    `json:"unit"`
	Court     string    `json:"court" doc:"Its name, as the list of units has it"`
	Inherited bool      `json:"inherited" doc:"Of a dissolved court that the caller's court succeeds"`
	DocketNo  string    `json:"docket_no"`
	EFileCode string    `json:"e_file_code,omitempty"`
	Title     string    `json:"title"`
	StartsAt  time.Time `json:"starts_at"`
	Procedure string    `json:"procedure,omitempty"`
	Status    string    `json:"status"`
	Presiding string    `json:"presiding,omitempty"`
	Clerk     string    `json:"clerk,omitempty"`
}

// ArchivesAnswer lists archives.
type ArchivesAnswer struct {
	Archives  []ArchiveItem `json:"archives"`
	Units     []UnitItem    `json:"units" doc:"The courts whose archives the caller may search"`
	Truncated bool          `json:"truncated" doc:"There are more: narrow the search"`
}

// ArchiveGap is a stretch that a part says it does not hold.
type ArchiveGap struct {
	Source string    `json:"source" doc:"device/kind"`
	Place  string    `json:"place,omitempty" doc:"Name of the point"`
	Kind   string    `json:"kind,omitempty" doc:"mic, camera, screen …"`
	Cause  string    `json:"cause"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
}

// ArchiveSeal is the signature over a part.
type ArchiveSeal struct {
	Signer    string     `json:"signer"`
	Issuer    string     `json:"issuer"`
	Level     string     `json:"level" doc:"B; T with a timestamp"`
	SignedAt  time.Time  `json:"signed_at" doc:"As the signer states"`
	StampedAt *time.Time `json:"stamped_at,omitempty"`
	Authority string     `json:"authority,omitempty" doc:"Of the timestamp"`
	Internal  bool       `json:"internal,omitempty" doc:"The timestamp is of the court's own authority, not independent"`
}

// ArchiveCheckItem is a verification of a part's file.
type ArchiveCheckItem struct {
	ID     string     `json:"id"`
	Part   int        `json:"part"`
	At     time.Time  `json:"at"`
	By     string     `json:"by"`
	DoneAt *time.Time `json:"done_at,omitempty" doc:"Missing: it waits or runs"`
	Exit   int        `json:"exit" doc:"0 whole, 1 damaged, 2 unreadable, 3 whole by an unknown signer, or vouched for in part; -1 not done"`
	Same   bool       `json:"same" doc:"The file is byte for byte the one that was catalogued"`
	// Damaged is what lets the file be repaired.
	Damaged bool   `json:"damaged" doc:"Found damaged, unreadable or another file than the one that was catalogued"`
	Repair  bool   `json:"repair" doc:"Also asks for a damaged file to be replaced by a whole copy"`
	TextVi  string `json:"text_vi,omitempty"`
	TextEn  string `json:"text_en,omitempty"`
}

// ArchiveRepairItem says that a damaged file was replaced by a whole copy.
type ArchiveRepairItem struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Kept string    `json:"kept" doc:"Name under which the damaged file is kept on the server; empty: there was none"`
}

// ArchivePartItem is a sealed part.
type ArchivePartItem struct {
	Part      int               `json:"part"`
	Size      int64             `json:"size" doc:"Bytes"`
	SHA256    string            `json:"sha256" doc:"Of the file, hex"`
	Manifest  string            `json:"manifest_sha256"`
	Root      string            `json:"root" doc:"Merkle root of the log, hex"`
	Lines     uint64            `json:"lines"`
	BeganAt   time.Time         `json:"began_at"`
	EndedAt   time.Time         `json:"ended_at"`
	Tracks    int               `json:"tracks"`
	GapCount  int               `json:"gap_count"`
	Gaps      []ArchiveGap      `json:"gaps" doc:"The first 500"`
	DamageCnt int               `json:"damage_count" doc:"Found when it was sealed"`
	Damages   []string          `json:"damages"`
	Removed   *time.Time        `json:"removed_at,omitempty" doc:"The file was disposed of"`
	Seal      *ArchiveSeal      `json:"seal,omitempty" doc:"Of the recording node"`
	Court     *ArchiveSeal      `json:"court_seal,omitempty" doc:"Of the court, over the node's; missing: none, or not yet"`
	Check     *ArchiveCheckItem `json:"check,omitempty" doc:"The latest verification"`
	// Repairs are told for ever.
	Repairs []ArchiveRepairItem `json:"repairs" doc:"Replacements of a damaged file by a whole copy, the latest first"`
}

// ArchiveKeepItem is how long an archive is kept.
type ArchiveKeepItem struct {
	Class string     `json:"class" doc:"permanent, a number of years, or empty: not set, and kept"`
	Hold  string     `json:"hold" doc:"Why it must not be disposed of; empty: no hold"`
	By    string     `json:"by,omitempty"`
	At    *time.Time `json:"at,omitempty"`
}

// ArchiveSupplementItem is a small sealed file beside the parts.
type ArchiveSupplementItem struct {
	Number int       `json:"number"`
	Kind   string    `json:"kind" doc:"minutes, amendment, court-seal or archive-timestamp"`
	Size   int64     `json:"size"`
	SHA256 string    `json:"sha256"`
	Parts  []int     `json:"parts" doc:"That it supplements"`
	At     time.Time `json:"at"`
}

// ArchiveAnswer is the card of an archive.
type ArchiveAnswer struct {
	ArchiveItem
	Closed      bool                    `json:"closed" doc:"Part of the hearing was behind closed doors"`
	Parts       []ArchivePartItem       `json:"parts"`
	Supplements []ArchiveSupplementItem `json:"supplements" doc:"Sealed files that came later: minutes, amendments, the court's seal"`
	Keep        ArchiveKeepItem         `json:"keep"`
	Lodgings    []ArchiveLodgingItem    `json:"lodgings"`
	Disposal    *ArchiveDisposalItem    `json:"disposal,omitempty" doc:"That waits for its second person, or, confirmed, the tombstone: nothing of the archive can be seen any more"`
	Requests    []ArchiveRequestItem    `json:"requests" doc:"The caller's own, the latest first"`
	Grant       *ArchiveRequestItem     `json:"grant,omitempty" doc:"By which the caller may see it now"`
}

// ArchiveLodgeBody says that parts were put into a case file.
type ArchiveLodgeBody struct {
	Reference string            `json:"reference" minLength:"1" maxLength:"100" doc:"By which the case system knows this lodging; the same again gives the same receipt"`
	Folios    string            `json:"folios,omitempty" maxLength:"100" doc:"Bút lục"`
	Parts     []ArchivePartHash `json:"parts" minItems:"1" maxItems:"1000"`
}

// ArchivePartHash is a part as the case file has it.
type ArchivePartHash struct {
	Part   int    `json:"part" minimum:"1" maximum:"9999"`
	SHA256 string `json:"sha256" minLength:"64" maxLength:"64" doc:"Of the file, hex"`
}

// ArchiveLodgingItem is the receipt of a lodging.
type ArchiveLodgingItem struct {
	Receipt   string            `json:"receipt"`
	Reference string            `json:"reference"`
	Folios    string            `json:"folios,omitempty"`
	Parts     []ArchivePartHash `json:"parts"`
	At        time.Time         `json:"at"`
}

// ArchiveDisposeBody proposes a disposal.
type ArchiveDisposeBody struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500"`
}

// ArchiveDisposalItem is a disposal that waits for its second person, or the tombstone.
type ArchiveDisposalItem struct {
	ID      string     `json:"id"`
	Hearing string     `json:"hearing"`
	Reason  string     `json:"reason"`
	ByID    string     `json:"by_id"`
	By      string     `json:"by"`
	At      time.Time  `json:"at"`
	Expires time.Time  `json:"expires"`
	Outcome string     `json:"outcome" doc:"Empty: it waits; confirmed, withdrawn"`
	DoneBy  string     `json:"done_by,omitempty"`
	DoneAt  *time.Time `json:"done_at,omitempty"`
}

// ArchiveAskBody asks to see an archive.
type ArchiveAskBody struct {
	Purpose  string `json:"purpose" minLength:"1" maxLength:"500" doc:"Mục đích khai thác"`
	Download bool   `json:"download,omitempty" doc:"The file itself, not viewing alone"`
	Closed   bool   `json:"closed,omitempty" doc:"Also what was behind closed doors"`
}

// ArchiveDecisionBody decides on a request.
type ArchiveDecisionBody struct {
	Outcome  string `json:"outcome" enum:"granted,refused"`
	Reason   string `json:"reason,omitempty" maxLength:"500" doc:"Of a refusal; with a grant a condition"`
	Hours    int    `json:"hours,omitempty" minimum:"1" maximum:"720" doc:"How long a grant lasts; wanted with one"`
	Download bool   `json:"download,omitempty"`
	Closed   bool   `json:"closed,omitempty" doc:"Names what was behind closed doors; such a hearing is not granted without"`
}

// ArchiveEndBody takes a request back or ends a grant.
type ArchiveEndBody struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500"`
}

// ArchiveKeepBody sets retention class and legal hold.
type ArchiveKeepBody struct {
	Class string `json:"class" maxLength:"10" doc:"permanent, a number of years from 1 to 100, or empty"`
	Hold  string `json:"hold" maxLength:"500" doc:"Why it must not be disposed of; empty: no hold"`
}

// ArchiveRequestItem is a request to see an archive, or the grant it became.
type ArchiveRequestItem struct {
	ID       string     `json:"id"`
	Hearing  string     `json:"hearing"`
	DocketNo string     `json:"docket_no,omitempty"`
	Title    string     `json:"title,omitempty"`
	ByID     string     `json:"by_id" doc:"Account"`
	By       string     `json:"by" doc:"Name of the official"`
	Purpose  string     `json:"purpose"`
	Download bool       `json:"download"`
	Closed   bool       `json:"closed"`
	ClosedIn bool       `json:"closed_doors" doc:"The hearing was behind closed doors, at least for a part; told with what waits"`
	At       time.Time  `json:"at"`
	Outcome  string     `json:"outcome" doc:"Empty: it waits; granted, refused, ended"`
	Open     bool       `json:"open" doc:"It grants access now"`
	DoneBy   string     `json:"done_by,omitempty"`
	DoneAt   *time.Time `json:"done_at,omitempty"`
	Reason   string     `json:"reason,omitempty"`
	Until    *time.Time `json:"until,omitempty"`
	// Copy is set where somebody else gets something; then the request lets nobody see the archive.
	Copy *ArchiveCopyItem `json:"copy,omitempty" doc:"A copy for a person of the hearing is asked for, not to see the archive"`
}

// ArchiveRequestsAnswer lists requests.
type ArchiveRequestsAnswer struct {
	Requests []ArchiveRequestItem `json:"requests"`
}

// ArchiveViewItem is who saw what.
type ArchiveViewItem struct {
	At      time.Time `json:"at"`
	ByID    string    `json:"by_id"`
	By      string    `json:"by"`
	Part    int       `json:"part"`
	What    string    `json:"what"`
	Request string    `json:"request,omitempty"`
	Purpose string    `json:"purpose,omitempty"`
	For     string    `json:"for,omitempty" doc:"Name of the person of the hearing who gets the copy"`
}

// ArchiveViewsAnswer lists accesses.
type ArchiveViewsAnswer struct {
	Views []ArchiveViewItem `json:"views"`
}
