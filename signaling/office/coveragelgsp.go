package office

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/lgsp"
	"phientoa/internal/store"
)

// askedLGSP is in the access log of who has a report sent; what became of it is noted by
// package lgsp.
const askedLGSP = "lgsp.asked"

// LGSPBody names the day whose report is sent.
type LGSPBody struct {
	Day string `json:"day" format:"date" doc:"Of Vietnam's calendar"`
}

// LGSPReport is a report on its way to the data-sharing platform.
type LGSPReport struct {
	SHA256  string     `json:"sha256" doc:"Of the report's bytes"`
	Made    time.Time  `json:"made"`
	State   string     `json:"state" enum:"waiting,sent,refused"`
	Tries   int        `json:"tries" doc:"So far; at most 20"`
	Settled *time.Time `json:"settled,omitempty" doc:"When it was sent or refused"`
	Reason  string     `json:"reason,omitempty" doc:"The platform's words, a status of HTTP, no_answer, or given_up after the last try"`
}

// LGSPAnswer is what was sent of a day.
type LGSPAnswer struct {
	Connected bool         `json:"connected" doc:"Whether a platform is set: else nothing can be sent"`
	Reports   []LGSPReport `json:"reports" doc:"Of the caller's unit, the latest first, at most 20"`
}

func lgspReport(r store.OutgoingReport) LGSPReport {
	x := LGSPReport{SHA256: r.Digest, Made: r.Made, State: string(r.State), Tries: r.Tries, Reason: r.Reason}
	if !r.Settled.IsZero() {
		x.Settled = &r.Settled
	}
	return x
}

func (o *Office) lgspReports(c *call) (any, error) {
	day := c.r.URL.Query().Get("day")
	if _, err := time.Parse(dayLayout, day); err != nil {
		return nil, badDay()
	}
	list, err := o.p.Store.OutgoingReports(c.r.Context(), court.ScopeOf(c.Unit), c.Unit, day)
	if err != nil {
		return nil, err
	}
	a := LGSPAnswer{Connected: o.p.LGSP != nil, Reports: []LGSPReport{}}
	for _, r := range list {
		a.Reports = append(a.Reports, lgspReport(r))
	}
	return a, nil
}

// sendLGSP has the report stand in the outbox before it is said that it will be sent.
func (o *Office) sendLGSP(c *call) (any, error) {
	if o.p.LGSP == nil {
		return nil, notConfigured()
	}
	e, err := o.sealedReport(c, c.body.(*LGSPBody).Day)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	r, err := o.p.Store.PutOutgoing(c.r.Context(), court.ScopeOf(c.Unit), store.OutgoingReport{
		ID: e.Key, Unit: c.Unit, Day: e.Day, Digest: e.SHA256, Body: body, Account: c.ID, Made: c.now.UTC().Truncate(time.Microsecond),
	})
	if errors.Is(err, store.ErrInvalid) {
		return nil, tooManyCourts()
	}
	if err != nil {
		return nil, err
	}
	o.note(c, "", askedLGSP)
	o.p.LGSP()
	return lgspReport(r), nil
}

func tooManyCourts() *Problem {
	return conflict("too_many", "Ngày này có quá nhiều Tòa án để lập một báo cáo.", "This day has too many courts for one report.")
}

// exportedReport is the coverage as the data-sharing platform takes it: codes of units, no
// name and no words of a court.
func exportedReport(unit string, a CoverageAnswer) lgsp.Report {
	r := lgsp.Report{Unit: unit, Day: a.Day, AtLeast: a.AtLeast, Units: []lgsp.Court{}, Total: exportedCounts(a.Total)}
	for _, i := range a.Units {
		r.Units = append(r.Units, lgsp.Court{Unit: i.Unit, Counts: exportedCounts(i)})
	}
	return r
}

func exportedCounts(i CoverageItem) lgsp.Counts {
	c := lgsp.Counts{
		Calendar: i.Calendar, Cancelled: i.Cancelled, Held: i.Held, Released: i.Released, NotReleased: i.NotReleased, Watched: i.Watched,
		HeldMinutes: i.HeldSeconds / 60, FollowedMinutes: i.FollowedSeconds / 60, Exceptions: []lgsp.Exception{},
	}
	byCode := map[string]int{}
	for _, r := range i.Reasons {
		byCode[cmp.Or(r.Code, lgsp.Stated)] += r.Hearings
	}
	for code, n := range byCode {
		c.Exceptions = append(c.Exceptions, lgsp.Exception{Code: code, Hearings: n})
	}
	slices.SortFunc(c.Exceptions, func(a, b lgsp.Exception) int {
		return cmp.Or(cmp.Compare(b.Hearings, a.Hearings), cmp.Compare(a.Code, b.Code))
	})
	return c
}

// sealedReport counts the day and signs what is exported of it by the node's key.
func (o *Office) sealedReport(c *call, day string) (e lgsp.Envelope, err error) {
	if o.p.SignPDF == nil {
		return e, notConfigured()
	}
	a, err := o.counted(c, day)
	if err != nil {
		return e, err
	}
	e, err = lgsp.Seal(exportedReport(string(c.Unit), a), func(digest [32]byte) ([]byte, error) {
		der, err := o.p.SignPDF(c.r.Context(), digest)
		if err != nil {
			o.p.Logger.Warn("report not signed", "err", err)
			return nil, signerAway()
		}
		return der, nil
	})
	if errors.Is(err, lgsp.ErrTooLarge) {
		return e, tooManyCourts()
	}
	return e, err
}

func (o *Office) coverageJSON(c *call) (any, error) {
	e, err := o.sealedReport(c, c.r.URL.Query().Get("day"))
	if err != nil {
		return nil, err
	}
	return e, nil
}

func lgspRoutes() []Route {
	day := []Parameter{{Name: "day", Required: true, Format: "date", About: "Of Vietnam's calendar", Example: "2026-11-23"}}
	return []Route{
		{
			Method: http.MethodGet, Path: "/api/v1/oversight/coverage.json", Roles: followRoles(), Name: "coverage_json",
			Vi: "Báo cáo theo dõi trong ngày cho hệ thống khác (JSON có chữ ký số của máy chủ)", En: "The report for other systems, signed by the node",
			About: "As the data-sharing platform takes it: codes of units and counts, no names; a court's own words are the code stated. The reading is noted.", Query: day,
			Out: lgsp.Envelope{}, OutExample: exampleEnvelope(), Status: http.StatusOK, Problems: []int{400, 409}, handle: (*Office).coverageJSON,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/oversight/coverage/lgsp", Roles: followRoles(), Name: "lgsp_reports",
			Vi: "Các báo cáo trong ngày đã gửi lên trục LGSP", En: "The day's reports to the data-sharing platform", Query: day,
			Out: LGSPAnswer{}, OutExample: LGSPAnswer{Connected: true, Reports: []LGSPReport{exampleLGSP()}}, Status: http.StatusOK,
			Problems: []int{400}, handle: (*Office).lgspReports,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/oversight/coverage/lgsp", Roles: headRoles(), Name: "send_lgsp",
			Vi: "Gửi báo cáo trong ngày lên trục LGSP", En: "Send the day's report to the data-sharing platform",
			About: "Counts, signs and keeps it; it is sent in the background and tried again for about 12 hours. The same figures are the same report; one that was refused is sent again. Noted in the access log.",
			In:    LGSPBody{}, InExample: LGSPBody{Day: "2026-11-23"}, Out: LGSPReport{}, OutExample: exampleLGSP(), Status: http.StatusAccepted,
			Problems: []int{400, 409, 413, 415}, handle: (*Office).sendLGSP,
		},
	}
}

func exampleLGSP() LGSPReport {
	return LGSPReport{SHA256: exampleEnvelope().SHA256, Made: exampleStart().Add(9 * time.Hour), State: string(store.OutgoingWaiting)}
}

func exampleEnvelope() lgsp.Envelope {
	e, _ := lgsp.Seal(exportedReport("vks-hn", exampleCoverage()), func([32]byte) ([]byte, error) { return []byte("DER"), nil })
	return e
}
