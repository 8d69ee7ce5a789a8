package office

import (
	"errors"
	"net/http"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/coverage"
	"phientoa/internal/pades"
	"phientoa/internal/store"
	"phientoa/internal/vietnam"
)

// readCoverage is in the access log of the official's unit: a report tells which courts
// keep what from being followed.
const readCoverage = "view.coverage"

// dayLayout is how a day is asked for (ISO 8601, of Vietnam's calendar).
const dayLayout = "2006-01-02"

// CoverageItem counts the hearings of one court. Calendar is cancelled, released and not
// released together; the hearings of the reasons are the not released.
type CoverageItem struct {
	Unit            string           `json:"unit,omitempty" doc:"Empty in the total"`
	Name            string           `json:"name,omitempty"`
	Calendar        int              `json:"calendar" doc:"On the calendar, cancelled ones too"`
	Cancelled       int              `json:"cancelled"`
	Held            int              `json:"held" doc:"Opened"`
	Released        int              `json:"released" doc:"Somebody was let follow at any time of the session; before it, as was said last"`
	NotReleased     int              `json:"not_released"`
	Watched         int              `json:"watched" doc:"Held and followed for at least at_least_seconds"`
	HeldSeconds     int64            `json:"held_seconds"`
	FollowedSeconds int64            `json:"followed_seconds" doc:"For how much of the sessions at least one official followed, whole seconds of each court"`
	Reasons         []CoverageReason `json:"reasons" doc:"The most frequent first"`
}

// CoverageReason is why hearings were not released.
type CoverageReason struct {
	Code     string `json:"code,omitempty" enum:"closed_doors,policy,unsaid,undecided" doc:"Where the court gave no words: the doors are closed; nobody decided, and its policy keeps hearings with minors, or all, closed; it decided without words; its log says nothing"`
	Text     string `json:"text,omitempty" doc:"The court's words"`
	Hearings int    `json:"hearings"`
}

// CoverageAnswer is the coverage of a day.
type CoverageAnswer struct {
	Day     string         `json:"day" format:"date" doc:"Of Vietnam's calendar: hearings that start on it"`
	At      time.Time      `json:"at" doc:"When this was counted"`
	AtLeast int            `json:"at_least_seconds"`
	Units   []CoverageItem `json:"units" doc:"Courts with a hearing on that day, by id"`
	Total   CoverageItem   `json:"total" doc:"The sums of units"`
}

// counted is what all forms of the report are made of. Every reading is noted.
func (o *Office) counted(c *call, asked string) (a CoverageAnswer, err error) {
	day, err := time.ParseInLocation(dayLayout, asked, vietnam.Time(c.now).Location())
	if err != nil || day.Year() < 2000 || day.Year() > 2200 {
		return a, badDay()
	}
	ctx := c.r.Context()
	scope, err := o.overseen(c)
	if err != nil {
		return a, err
	}
	rows, err := o.p.Store.CoverageDay(ctx, scope, day.UnixMicro(), day.AddDate(0, 0, 1).UnixMicro())
	if errors.Is(err, store.ErrInvalid) {
		return a, conflict("too_many", "Ngày này có quá nhiều phiên tòa để lập một báo cáo.", "This day has too many hearings for one report.")
	}
	if err != nil {
		return a, err
	}
	names := map[court.UnitID]string{}
	if o.p.Directory != nil {
		units, err := o.p.Directory.Units(ctx, scope)
		if err != nil {
			return a, err
		}
		for _, u := range units {
			names[u.ID] = u.Name
		}
	}
	o.note(c, "", readCoverage)
	r := coverage.Of(coverage.Params{Day: rows, Now: c.now.UnixMicro()})
	return coverageAnswer(day, c.now, r, names), nil
}

// overseen is whose hearings the caller may follow from outside.
func (o *Office) overseen(c *call) (court.Scope, error) {
	if o.p.Oversees == nil {
		return c.Scope, nil
	}
	return o.p.Oversees(c.r.Context(), c.Official)
}

func badDay() *Problem {
	return badParameter("day", "Ngày phải theo dạng năm-tháng-ngày, ví dụ 2026-11-23.", "A day as 2026-11-23 is wanted.")
}

// coverageAnswer writes the report in whole seconds of each court, so that the total is
// the sum of what stands above it.
func coverageAnswer(day, now time.Time, r coverage.Report, names map[court.UnitID]string) CoverageAnswer {
	a := CoverageAnswer{
		Day: day.Format(dayLayout), At: now.UTC().Truncate(time.Second), AtLeast: int(coverage.AtLeast / time.Second),
		Units: []CoverageItem{}, Total: coverageItem(r.Total),
	}
	a.Total.HeldSeconds, a.Total.FollowedSeconds = 0, 0
	for _, row := range r.Rows {
		i := coverageItem(row)
		if i.Name = names[row.Unit]; i.Name == "" {
			i.Name = i.Unit
		}
		a.Total.HeldSeconds += i.HeldSeconds
		a.Total.FollowedSeconds += i.FollowedSeconds
		a.Units = append(a.Units, i)
	}
	return a
}

func coverageItem(r coverage.Row) CoverageItem {
	i := CoverageItem{
		Unit: string(r.Unit), Calendar: r.Calendar, Cancelled: r.Cancelled, Held: r.Held, Released: r.Released,
		NotReleased: r.NotReleased, Watched: r.Watched, HeldSeconds: int64(r.Session / time.Second),
		FollowedSeconds: int64(r.Followed / time.Second), Reasons: []CoverageReason{},
	}
	for _, x := range r.Reasons {
		i.Reasons = append(i.Reasons, CoverageReason{x.Code, x.Text, x.Hearings})
	}
	return i
}

func (o *Office) coverage(c *call) (any, error) {
	a, err := o.counted(c, c.r.URL.Query().Get("day"))
	if err != nil {
		return nil, err
	}
	return a, nil
}

func (o *Office) coverageCSV(c *call) (any, error) {
	a, err := o.counted(c, c.r.URL.Query().Get("day"))
	if err != nil {
		return nil, err
	}
	text, err := coverageTable(a)
	if err != nil {
		return nil, err
	}
	return download(csvType, "theo-doi-"+a.Day+".csv", text), nil
}

// coveragePDF is signed by the node: who is responsible for it signs behind that.
func (o *Office) coveragePDF(c *call) (any, error) {
	if o.p.SignPDF == nil {
		return nil, notConfigured()
	}
	a, err := o.counted(c, c.r.URL.Query().Get("day"))
	if err != nil {
		return nil, err
	}
	ctx := c.r.Context()
	body := string(c.Unit)
	if o.p.Directory != nil {
		units, err := o.p.Directory.Units(ctx, court.ScopeOf(c.Unit))
		if err != nil {
			return nil, err
		}
		if len(units) == 1 {
			body = units[0].Name
		}
	}
	doc, err := coverageDocument(a, body, c.Name)
	if err != nil {
		return nil, err
	}
	doc, err = pades.Sign(doc, pades.SignParams{Time: a.At, Remote: func(digest [32]byte) ([]byte, error) {
		der, err := o.p.SignPDF(ctx, digest)
		if err != nil {
			o.p.Logger.Warn("report not signed", "err", err)
			return nil, signerAway()
		}
		return der, nil
	}})
	if err != nil {
		return nil, err
	}
	return download(pdfType, "theo-doi-"+a.Day+".pdf", doc), nil
}

func signerAway() *Problem {
	return problem(http.StatusServiceUnavailable, "signer_away",
		"Chưa ký số được báo cáo. Vui lòng thử lại sau giây lát.", "The report cannot be signed at the moment. Please try again shortly.")
}

// download answers with a small file.
func download(media, name string, text []byte) stream {
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", media)
		h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
		h.Set("Cache-Control", "private, no-store")
		_, _ = w.Write(text)
	}
}

func coverageRoutes() []Route {
	day := []Parameter{{Name: "day", Required: true, Format: "date", About: "Of Vietnam's calendar", Example: "2026-11-23"}}
	about := "Of the courts whose hearings the caller may follow: what stood on the calendar of the day, was held, released and followed, and why the rest was not released. Counted from the hearings' logs and the log of who followed, by whichever unit. Each reading is noted. "
	return []Route{
		{
			Method: http.MethodGet, Path: "/api/v1/oversight/coverage", Roles: followRoles(), Name: "coverage",
			Vi: "Kết quả theo dõi phiên tòa trong ngày", En: "What was followed of a day's hearings", About: about, Query: day,
			Out: CoverageAnswer{}, OutExample: exampleCoverage(), Status: http.StatusOK, Problems: []int{400, 409}, handle: (*Office).coverage,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/oversight/coverage.csv", Roles: followRoles(), Name: "coverage_csv",
			Vi: "Kết quả theo dõi phiên tòa trong ngày (CSV)", En: "The same as a table (CSV)",
			About: about + "RFC 4180 with commas, UTF-8 behind a byte order mark; one line a court and the total last.", Query: day,
			Binary: csvType, Status: http.StatusOK, Problems: []int{400, 409}, handle: (*Office).coverageCSV,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/oversight/coverage.pdf", Roles: followRoles(), Name: "coverage_pdf",
			Vi: "Báo cáo theo dõi phiên tòa trong ngày (PDF có chữ ký số của máy chủ)", En: "The report as a PDF, signed by the node",
			About: about + "PAdES-BASELINE-B by the node's key, which stands for no person: who is responsible signs the same file behind it.", Query: day,
			Binary: pdfType, Status: http.StatusOK, Problems: []int{400, 409}, handle: (*Office).coveragePDF,
		},
	}
}

func exampleCoverage() CoverageAnswer {
	i := CoverageItem{
		Unit: "unit-hn", Name: "Tòa án nhân dân khu vực 1 – Hà Nội", Calendar: 9, Cancelled: 1, Held: 7, Released: 6, NotReleased: 2, Watched: 5,
		HeldSeconds: 75_600, FollowedSeconds: 41_220, Reasons: []CoverageReason{{Code: coverage.WhyDoors, Hearings: 1}, {Text: "Có người tham gia dưới 18 tuổi", Hearings: 1}},
	}
	total := i
	total.Unit, total.Name = "", ""
	return CoverageAnswer{Day: "2026-11-23", At: exampleStart().Add(9 * time.Hour), AtLeast: 60, Units: []CoverageItem{i}, Total: total}
}
