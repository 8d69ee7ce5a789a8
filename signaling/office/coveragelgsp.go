package office

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"phientoa/internal/lgsp"
)

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
		return e, conflict("too_many", "Ngày này có quá nhiều Tòa án để lập một báo cáo.", "This day has too many courts for one report.")
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
	}
}

func exampleEnvelope() lgsp.Envelope {
	e, _ := lgsp.Seal(exportedReport("vks-hn", exampleCoverage()), func([32]byte) ([]byte, error) { return []byte("DER"), nil })
	return e
}
