package office

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"phientoa/internal/archives"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// What the access log and the list of views keep of excerpts.
const (
	askedExcerpt      = "archive.excerpt"
	downloadedExcerpt = "archive.excerpt.download"
	deniedRedaction   = "denied.archive.redaction"
)

// Bounds of an excerpt's body (excerpt.MaxTracks, MaxCuts).
const (
	maxExcerptTracks = 64
	maxExcerptCuts   = 100
)

// Excerpts makes excerpts and redacted copies of sealed parts.
type Excerpts interface {
	// Ask has one made in the background, for an account or what else names whose it is. ErrExcerptQueue: too many wait;
	// ErrElsewhere: another node has the file.
	Ask(p store.ArchivePart, account string, a ExcerptAsked) (Excerpt, error)
	// List returns what an account asked for of a part, the latest first.
	List(p store.ArchivePart, account string) []Excerpt
	// Open opens a file that is ready; fs.ErrNotExist.
	Open(p store.ArchivePart, account, id string) (Excerpt, io.ReadSeekCloser, error)
}

// ErrExcerptQueue: too many wait to be made.
var ErrExcerptQueue = errors.New("office: too many excerpts wait")

// ExcerptAsked is what is to be made.
type ExcerptAsked struct {
	Redacted   bool
	From, To   time.Time
	Tracks     []string
	Events     bool
	Cuts       []ExcerptCut
	Reason, By string
}

// ExcerptCut is a stretch that a redacted copy does not hold.
type ExcerptCut struct {
	From, To time.Time
	Tracks   []string
	Reason   string
}

// Excerpt is how far one is.
type Excerpt struct {
	ExcerptAsked
	ID      string
	At      time.Time
	State   string
	Share   float64
	Size    int64
	SHA256  string
	Expires time.Time
}

// ArchiveExcerptBody asks for an excerpt, or with cuts for a redacted copy.
type ArchiveExcerptBody struct {
	From   string           `json:"from,omitempty" format:"date-time" doc:"Of an excerpt"`
	To     string           `json:"to,omitempty" format:"date-time"`
	Tracks []string         `json:"tracks,omitempty" maxItems:"64" doc:"Ids of tracks, as the index of the part has them"`
	Events bool             `json:"events,omitempty" doc:"Also what happened in the hearing meanwhile"`
	Cuts   []ArchiveCutBody `json:"cuts,omitempty" maxItems:"100" doc:"Of a redacted copy; then nothing of the above"`
	Reason string           `json:"reason" minLength:"1" maxLength:"500" doc:"Stands in the file"`
}

// ArchiveCutBody is a stretch to be cut.
type ArchiveCutBody struct {
	From   string   `json:"from" format:"date-time"`
	To     string   `json:"to" format:"date-time"`
	Tracks []string `json:"tracks,omitempty" maxItems:"64" doc:"Empty: all, with what happened meanwhile"`
	Reason string   `json:"reason,omitempty" maxLength:"500"`
}

// ArchiveExcerptItem is an excerpt or redacted copy that the caller asked for.
type ArchiveExcerptItem struct {
	ID       string           `json:"id"`
	Redacted bool             `json:"redacted"`
	From     *time.Time       `json:"from,omitempty"`
	To       *time.Time       `json:"to,omitempty"`
	Tracks   []string         `json:"tracks"`
	Events   bool             `json:"events"`
	Cuts     []ArchiveCutItem `json:"cuts"`
	Reason   string           `json:"reason"`
	At       time.Time        `json:"at"`
	State    string           `json:"state" doc:"waiting, running, ready, empty (nothing is recorded there), damaged (the part has to be verified), no_room, failed"`
	Share    float64          `json:"share" doc:"Done, 0 to 1"`
	Size     int64            `json:"size,omitempty" doc:"Bytes"`
	SHA256   string           `json:"sha256,omitempty" doc:"Of the file, hex"`
	Expires  *time.Time       `json:"expires_at,omitempty" doc:"When the file is removed"`
}

// ArchiveCutItem is a stretch that was cut.
type ArchiveCutItem struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Tracks []string  `json:"tracks"`
	Reason string    `json:"reason,omitempty"`
}

// ArchiveExcerptsAnswer lists excerpts.
type ArchiveExcerptsAnswer struct {
	Excerpts []ArchiveExcerptItem `json:"excerpts"`
}

// granted is the part of the address and the caller's permission to download it.
func (o *Office) granted(c *call) (sc court.Scope, p store.ArchivePart, grant store.ArchiveRequest, err error) {
	reach, err := o.reached(c)
	if err != nil {
		return sc, p, grant, err
	}
	number, err := partOf(c)
	if err != nil {
		return sc, p, grant, err
	}
	ctx, id := c.r.Context(), c.r.PathValue("id")
	if p, err = o.archivePart(ctx, reach.Scope, id, number); err != nil {
		return sc, p, grant, err
	}
	if grant, err = o.p.Archives.Grant(ctx, c.Official, reach.Scope, id, true); err != nil {
		var refused *archives.Refusal
		if errors.As(err, &refused) {
			o.note(c, id, deniedGrant)
		}
		return sc, p, grant, archiveError(err)
	}
	if o.p.Excerpts == nil {
		err = notConfigured()
	}
	return reach.Scope, p, grant, err
}

// askExcerpt has an excerpt made, or a redacted copy by who may decide what is closed.
func (o *Office) askExcerpt(c *call) (any, error) {
	sc, p, grant, err := o.granted(c)
	if err != nil {
		return nil, err
	}
	b := c.body.(*ArchiveExcerptBody)
	a, err := b.asked(p)
	if err != nil {
		return nil, err
	}
	if a.Redacted && !c.Has(store.RoleJudge, store.RoleChiefJudge) {
		o.note(c, p.Hearing, deniedRedaction)
		return nil, redactsNot()
	}
	a.By = c.Name
	what := "excerpt"
	if a.Redacted {
		what = "redacted"
	}
	// Noted before it is made.
	err = o.p.Archives.Saw(c.r.Context(), sc, store.ArchiveView{Hearing: p.Hearing, Part: p.Part, Account: c.ID, Request: grant.ID, What: what})
	if err != nil {
		return nil, err
	}
	e, err := o.p.Excerpts.Ask(p, c.ID, a)
	if err != nil {
		return nil, excerptError(err)
	}
	o.note(c, p.Hearing, askedExcerpt)
	return e.item(), nil
}

// excerptError gives what Ask refuses the form of answers.
func excerptError(err error) error {
	switch {
	case errors.Is(err, ErrElsewhere):
		return onAnotherNode()
	case errors.Is(err, ErrExcerptQueue):
		return problem(http.StatusTooManyRequests, "excerpt_queue",
			"Đang có quá nhiều bản trích chờ lập. Vui lòng thử lại sau.", "Too many excerpts wait to be made. Please try again later.")
	}
	return err
}

// asked checks a body against the part.
func (b *ArchiveExcerptBody) asked(p store.ArchivePart) (a ExcerptAsked, err error) {
	f := checkText("reason", &b.Reason, true, MaxReason)
	span := func(field, from, to string) (x, y time.Time) {
		x, err1 := when(from)
		y, err2 := when(to)
		began, ended := time.UnixMicro(p.Began), time.UnixMicro(p.Ended)
		if err1 != nil || err2 != nil || !x.Before(y) || !y.After(began) || !x.Before(ended) {
			f = append(f, Finding{
				Code: "range", Field: field, Vi: "Thời điểm bắt đầu phải trước thời điểm kết thúc và nằm trong thời gian ghi của phần này.",
				En: "A beginning before its end is wanted, within the time of this part.",
			})
		}
		return x, y
	}
	tracks := func(field string, list []string) []string {
		if len(list) > maxExcerptTracks {
			list = nil
		}
		for _, t := range list {
			if len(t) < 2 || len(t) > 16 || t[0] != 't' || strings.Trim(t[1:], "0123456789") != "" {
				f = append(f, Finding{Code: "track", Field: field, Vi: "Luồng ghi không hợp lệ.", En: "This is not a track."})
				return nil
			}
		}
		return list
	}
	a = ExcerptAsked{Redacted: len(b.Cuts) > 0, Reason: b.Reason, Events: b.Events}
	switch {
	case !a.Redacted:
		a.From, a.To = span("from", b.From, b.To)
		if a.Tracks = tracks("tracks", b.Tracks); len(a.Tracks) == 0 {
			f = append(f, Finding{Code: "missing", Field: "tracks", Vi: "Chưa chọn luồng ghi nào.", En: "Choose at least one track."})
		}
	case b.From != "" || b.To != "" || len(b.Tracks) > 0 || b.Events || len(b.Cuts) > maxExcerptCuts:
		f = append(f, Finding{Code: "cuts", Field: "cuts", Vi: "Bản sao đã che chỉ nêu các phần cắt.", En: "A redacted copy names cuts alone."})
	default:
		for i := range b.Cuts {
			cut := &b.Cuts[i]
			f = append(f, checkText("cuts", &cut.Reason, false, MaxReason)...)
			from, to := span("cuts", cut.From, cut.To)
			a.Cuts = append(a.Cuts, ExcerptCut{from, to, tracks("cuts", cut.Tracks), cut.Reason})
		}
	}
	if len(f) > 0 {
		return a, badFields(f)
	}
	return a, nil
}

// item is an excerpt in the API's words.
func (e Excerpt) item() ArchiveExcerptItem {
	i := ArchiveExcerptItem{
		ID: e.ID, Redacted: e.Redacted, Tracks: e.Tracks, Events: e.Events, Cuts: []ArchiveCutItem{}, Reason: e.Reason, At: e.At,
		State: e.State, Share: e.Share, Size: e.Size, SHA256: e.SHA256,
	}
	if i.Tracks == nil {
		i.Tracks = []string{}
	}
	if !e.Redacted {
		i.From, i.To = &e.From, &e.To
	}
	if !e.Expires.IsZero() {
		i.Expires = &e.Expires
	}
	for _, c := range e.Cuts {
		if c.Tracks == nil {
			c.Tracks = []string{}
		}
		i.Cuts = append(i.Cuts, ArchiveCutItem(c))
	}
	return i
}

// excerpts lists the caller's own.
func (o *Office) excerpts(c *call) (any, error) {
	_, p, _, err := o.granted(c)
	if err != nil {
		return nil, err
	}
	a := ArchiveExcerptsAnswer{Excerpts: []ArchiveExcerptItem{}}
	for _, e := range o.p.Excerpts.List(p, c.ID) {
		a.Excerpts = append(a.Excerpts, e.item())
	}
	return a, nil
}

// excerptFile serves one with ranges, for as long as the grant holds.
func (o *Office) excerptFile(c *call) (any, error) {
	sc, p, grant, err := o.granted(c)
	if err != nil {
		return nil, err
	}
	ctx := c.r.Context()
	h, err := o.p.Store.Hearing(ctx, sc, p.Hearing)
	if err != nil {
		return nil, err
	}
	e, f, err := o.p.Excerpts.Open(p, c.ID, c.r.PathValue("excerpt"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, store.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("excerpt of %s part %d: %w", p.Hearing, p.Part, err)
	}
	// Noted before the first byte goes out.
	err = o.p.Archives.Saw(ctx, sc, store.ArchiveView{Hearing: p.Hearing, Part: p.Part, Account: c.ID, Request: grant.ID, What: "excerpt.download"})
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	o.note(c, p.Hearing, downloadedExcerpt)
	kind := "-trich"
	if e.Redacted {
		kind = "-ban-che"
	}
	name := strings.TrimSuffix(fileName(h.DocketNo, "phan", p.Part), ".asice") + kind + ".asice"
	return o.container(sc, grant, sealedFile{name: name, sum: e.SHA256, content: f, closer: f}), nil
}

func redactsNot() *Problem {
	return problem(http.StatusForbidden, "redacts_not",
		"Chỉ Thẩm phán hoặc Chánh án mới được yêu cầu lập bản sao đã che.", "Only a judge or the chief judge has a redacted copy made.")
}

func exampleExcerpt() ArchiveExcerptItem {
	from := exampleStart().Add(time.Hour)
	to := from.Add(5 * time.Minute)
	return ArchiveExcerptItem{
		ID: strings.Repeat("5f", 16), From: &from, To: &to, Tracks: []string{"t001", "t002"}, Cuts: []ArchiveCutItem{}, Reason: "Bổ sung hồ sơ phúc thẩm",
		At: exampleStart().AddDate(0, 0, 3), State: "waiting",
	}
}

func archiveExcerptRoutes() []Route {
	const path = "/api/v1/archives/{id}/parts/{part}/excerpts"
	return []Route{
		{
			Method: http.MethodPost, Path: path, Roles: archives.Roles(), Name: "ask_excerpt",
			Vi: "Lập bản trích hoặc bản sao đã che", En: "Have an excerpt or a redacted copy made",
			About: "Needs a permission that names downloading; a redacted copy a judge or chief judge. Runs in the background. The file proves by itself that it is of the sealed part; what is left out is hashes.",
			In:    ArchiveExcerptBody{}, InExample: ArchiveExcerptBody{From: "2026-11-20T09:10:00+07:00", To: "2026-11-20T09:15:00+07:00", Tracks: []string{"t001", "t002"}, Reason: "Bổ sung hồ sơ phúc thẩm"},
			Out: ArchiveExcerptItem{}, OutExample: exampleExcerpt(), Status: http.StatusAccepted, Problems: []int{400, 404, 409, 413, 415, 429}, handle: (*Office).askExcerpt,
		},
		{
			Method: http.MethodGet, Path: path, Roles: archives.Roles(), Name: "excerpts",
			Vi: "Các bản trích đã yêu cầu", En: "Excerpts and redacted copies", About: "The caller's own of this part, the latest first.",
			Out: ArchiveExcerptsAnswer{}, OutExample: ArchiveExcerptsAnswer{Excerpts: []ArchiveExcerptItem{exampleExcerpt()}}, Status: http.StatusOK,
			Problems: []int{404, 409}, handle: (*Office).excerpts,
		},
		{
			Method: http.MethodGet, Path: path + "/{excerpt}/file", Roles: archives.Roles(), Name: "excerpt_file",
			Vi: "Tải bản trích", En: "Download an excerpt or redacted copy",
			About:  "Takes Range and If-Range; breaks off when the permission ends. Each download is noted with the request that allowed it.",
			Binary: ContainerType, Status: http.StatusOK, Problems: []int{404, 409}, handle: (*Office).excerptFile,
		},
	}
}
