package office

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"phientoa/internal/archives"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// What the access log keeps of archives; purpose and grant stand in archive_view.
const (
	foundArchives     = "archive.search"
	downloadedArchive = "archive.download"
	repairedArchive   = "archive.repair"
	deniedGrant       = "denied.archive.grant"
)

// reached is how far the caller reaches into the archives.
func (o *Office) reached(c *call) (archives.Reach, error) {
	if o.p.Archives == nil {
		return archives.Reach{}, notConfigured()
	}
	return o.p.Archives.Reach(c.r.Context(), c.Unit)
}

// archiveError gives refusals of the law the form of answers.
func archiveError(err error) error {
	var r *archives.Refusal
	if errors.As(err, &r) {
		return conflict(r.Code, r.Vi, r.En)
	}
	return err
}

// findArchives searches the archives within reach. Names of people stand in the
// body, never in an address, and the search is noted.
func (o *Office) findArchives(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	b := c.body.(*ArchiveSearchBody)
	q, err := b.query()
	if err != nil {
		return nil, err
	}
	scope := reach.Scope
	if b.Unit != "" {
		scope = court.Scope{}
		if reach.Scope.Covers(court.UnitID(b.Unit)) {
			scope = court.ScopeOf(court.UnitID(b.Unit))
		}
	}
	ctx := c.r.Context()
	found, err := o.p.Store.FindArchives(ctx, scope, q)
	if err != nil {
		return nil, err
	}
	a := ArchivesAnswer{Archives: []ArchiveItem{}, Units: reachItems(reach, c.Unit), Truncated: len(found) == store.MaxFoundArchives}
	if b.Judge != "" {
		if found, err = o.judgedBy(ctx, found, b.Judge); err != nil {
			return nil, err
		}
	}
	if b.Person != "" || b.Judge != "" {
		o.note(c, "", foundArchives)
	}
	items, err := o.items(ctx, c, found, nil)
	if err != nil {
		return nil, err
	}
	for i, h := range found {
		a.Archives = append(a.Archives, archiveItem(items[i], h, reach, c.Unit))
	}
	return a, nil
}

func (b *ArchiveSearchBody) query() (q store.ArchiveQuery, err error) {
	var f []Finding
	for field, text := range map[string]*string{"text": &b.Text, "person": &b.Person, "judge": &b.Judge} {
		f = append(f, checkText(field, text, false, MaxQuery)...)
	}
	f = append(f, checkID("unit", b.Unit, hearing.MaxIDBytes)...)
	at := func(field, text string) int64 {
		if text == "" {
			return 0
		}
		t, err := when(text)
		if err != nil {
			f = append(f, Finding{Code: "bad_time", Field: field, Vi: "Thời điểm phải theo RFC 3339, có múi giờ.", En: "A time of RFC 3339 with an offset is wanted."})
		}
		return t.UnixMicro()
	}
	q = store.ArchiveQuery{Text: b.Text, Person: b.Person, From: at("from", b.From), To: at("to", b.To)}
	if q.Person == "" { // the judge is one of the people; the capacity is looked at afterwards
		q.Person = b.Judge
	}
	if len(f) > 0 {
		return q, badFields(f)
	}
	return q, nil
}

// judgedBy keeps the hearings on whose panel a judge of that name sits.
func (o *Office) judgedBy(ctx context.Context, found []store.Hearing, judge string) ([]store.Hearing, error) {
	words := strings.Fields(store.Fold(judge))
	var out []store.Hearing
	for _, h := range found {
		booked, err := o.booking(ctx, court.SystemScope(), h.ID)
		if err != nil {
			return nil, err
		}
		names, err := o.names(ctx, court.SystemScope(), h.ID)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(booked.People, func(p hearing.Person) bool {
			name := store.Fold(names[string(p.ID)])
			return (p.Capacity == court.PresidingJudge || p.Capacity == court.Judge) &&
				!slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(name, w) })
		}) {
			out = append(out, h)
		}
	}
	return out, nil
}

func reachItems(r archives.Reach, own court.UnitID) []UnitItem {
	out := []UnitItem{}
	for id, u := range r.Units {
		out = append(out, UnitItem{ID: string(id), Kind: u.Kind, Name: u.Name, Own: id == own})
	}
	slices.SortFunc(out, func(a, b UnitItem) int {
		if a.Own != b.Own {
			return map[bool]int{true: -1, false: 1}[a.Own]
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

func archiveItem(i HearingItem, h store.Hearing, r archives.Reach, own court.UnitID) ArchiveItem {
	return ArchiveItem{
		ID: h.ID, Unit: string(h.Unit), Court: r.Units[h.Unit].Name, Inherited: h.Unit != own, DocketNo: h.DocketNo, EFileCode: i.EFileCode,
		Title: h.Title, StartsAt: i.StartsAt, Procedure: i.Procedure, Status: i.Status, Presiding: i.Presiding, Clerk: i.Clerk,
	}
}

// archive is the card: what there is, what is wrong with it, and what the caller may.
func (o *Office) archive(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	ctx, id := c.r.Context(), c.r.PathValue("id")
	parts, err := o.p.Store.ArchiveParts(ctx, reach.Scope, id)
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 { // a hearing without a sealed part has no card yet
		return nil, store.ErrNotFound
	}
	h, err := o.p.Store.Hearing(ctx, reach.Scope, id)
	if err != nil {
		return nil, err
	}
	items, err := o.items(ctx, c, []store.Hearing{h}, nil)
	if err != nil {
		return nil, err
	}
	a := ArchiveAnswer{ArchiveItem: archiveItem(items[0], h, reach, c.Unit), Requests: []ArchiveRequestItem{}}
	if a.Closed, err = o.p.Archives.Closed(ctx, reach.Scope, id); err != nil {
		return nil, err
	}
	if a.Parts, err = o.archiveParts(ctx, c, reach.Scope, id, parts); err != nil {
		return nil, err
	}
	if a.Supplements, err = o.supplements(ctx, reach.Scope, id); err != nil {
		return nil, err
	}
	keep, err := o.p.Store.ArchiveKeep(ctx, reach.Scope, id)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	a.Keep = o.keepItem(ctx, c, keep, names)
	if err := o.ends(ctx, c, reach.Scope, &a, names); err != nil {
		return nil, err
	}
	mine, err := o.p.Store.ArchiveRequests(ctx, reach.Scope, id, c.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range mine {
		if r.Copy != nil { // stands with the copies
			continue
		}
		a.Requests = append(a.Requests, o.requestItem(ctx, c, r, names))
	}
	var refused *archives.Refusal
	switch g, err := o.p.Archives.Grant(ctx, c.Official, reach.Scope, id, false); {
	case err == nil:
		item := o.requestItem(ctx, c, g, names)
		a.Grant = &item
	case !errors.As(err, &refused):
		return nil, err
	}
	return a, nil
}

// facts is what retrieval.Facts writes; what a later version adds is passed over.
type facts struct {
	Tracks []struct{} `json:"tracks"`
	Gaps   []struct {
		Source string `json:"source"`
		Cause  string `json:"cause"`
		FromT  int64  `json:"from_t"`
		ToT    int64  `json:"to_t"`
	} `json:"gaps"`
	Damages []string  `json:"damages"`
	Seal    *sealFact `json:"seal"`  // of the node
	Court   *sealFact `json:"court"` // of the court
}

// sealFact is what archive.Seal writes.
type sealFact struct {
	Signer      string    `json:"signer"`
	Issuer      string    `json:"issuer"`
	Level       string    `json:"level"`
	SigningTime time.Time `json:"signing_time"`
	Timestamp   *struct {
		Time      time.Time `json:"time"`
		Authority string    `json:"authority"`
		Internal  bool      `json:"internal"`
	} `json:"timestamp"`
}

func (o *Office) archiveParts(ctx context.Context, c *call, sc court.Scope, id string, parts []store.ArchivePart) ([]ArchivePartItem, error) {
	booked, err := o.booking(ctx, sc, id)
	if err != nil {
		return nil, err
	}
	checks, err := o.p.Store.ArchiveChecks(ctx, sc, id)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	out := []ArchivePartItem{}
	for _, p := range parts {
		var f facts
		if err := json.Unmarshal(p.Facts, &f); err != nil {
			return nil, err
		}
		item := ArchivePartItem{
			Part: p.Part, Size: p.Size, SHA256: hex.EncodeToString(p.SHA256[:]), Manifest: hex.EncodeToString(p.Manifest[:]),
			Root: hex.EncodeToString(p.Root[:]), Lines: p.Lines, BeganAt: time.UnixMicro(p.Began).UTC(), EndedAt: time.UnixMicro(p.Ended).UTC(),
			Tracks: len(f.Tracks), GapCount: p.Gaps, Gaps: []ArchiveGap{}, DamageCnt: p.Damages, Damages: f.Damages, Repairs: []ArchiveRepairItem{},
		}
		if !p.Removed.IsZero() {
			item.Removed = &p.Removed
		}
		if item.Damages == nil {
			item.Damages = []string{}
		}
		for _, g := range f.Gaps {
			place, kind := placeOfSource(booked, g.Source)
			item.Gaps = append(item.Gaps, ArchiveGap{
				Source: g.Source, Place: place, Kind: kind, Cause: g.Cause, From: time.UnixMicro(g.FromT).UTC(), To: time.UnixMicro(g.ToT).UTC(),
			})
		}
		item.Seal, item.Court = f.Seal.item(), f.Court.item()
		if i := slices.IndexFunc(checks, func(k store.ArchiveCheck) bool { return k.Part == p.Part }); i >= 0 {
			k := o.checkItem(ctx, c, checks[i], names)
			item.Check = &k
		}
		for _, k := range checks {
			if k.Part == p.Part && k.Replaced != "" {
				item.Repairs = append(item.Repairs, ArchiveRepairItem{At: k.Done, By: o.official(ctx, c, k.By, names), Kept: strings.TrimPrefix(k.Replaced, "-")})
			}
		}
		out = append(out, item)
	}
	return out, nil
}

// item is the seal in the API's words; nil: none.
func (f *sealFact) item() *ArchiveSeal {
	if f == nil {
		return nil
	}
	s := &ArchiveSeal{Signer: f.Signer, Issuer: f.Issuer, Level: f.Level, SignedAt: f.SigningTime}
	if t := f.Timestamp; t != nil {
		s.StampedAt, s.Authority, s.Internal = &t.Time, t.Authority, t.Internal
	}
	return s
}

// placeOfSource is the name of the point where the source's device stands.
func placeOfSource(b hearing.Booking, source string) (place, kind string) {
	device, kind, _ := strings.Cut(source, "/")
	for _, d := range b.Devices {
		if string(d.ID) != device || len(d.People) == 0 {
			continue
		}
		for _, p := range b.People {
			if p.ID != d.People[0] {
				continue
			}
			if i := slices.IndexFunc(b.Points, func(x hearing.Point) bool { return x.ID == p.Point }); i >= 0 {
				return b.Points[i].Name, kind
			}
		}
	}
	return "", kind
}

func (o *Office) keepItem(ctx context.Context, c *call, k store.ArchiveKeep, names map[string]string) ArchiveKeepItem {
	i := ArchiveKeepItem{Class: k.Class, Hold: k.Hold, By: o.official(ctx, c, k.By, names)}
	if !k.At.IsZero() {
		i.At = &k.At
	}
	return i
}

func (o *Office) checkItem(ctx context.Context, c *call, k store.ArchiveCheck, names map[string]string) ArchiveCheckItem {
	i := ArchiveCheckItem{ID: k.ID, Part: k.Part, At: k.At, By: o.official(ctx, c, k.By, names), Exit: k.Exit, Same: k.Same, Damaged: k.Damaged(), Repair: k.Repair}
	if !k.Done.IsZero() {
		i.DoneAt = &k.Done
		var report struct{ Vi, En string }
		if json.Unmarshal(k.Report, &report) == nil {
			i.TextVi, i.TextEn = report.Vi, report.En
		}
	}
	return i
}

// keepArchive sets retention class and legal hold.
func (o *Office) keepArchive(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	b := c.body.(*ArchiveKeepBody)
	if f := checkText("hold", &b.Hold, false, MaxReason); len(f) > 0 {
		return nil, badFields(f)
	}
	ctx := c.r.Context()
	k, err := o.p.Archives.Keep(ctx, c.Official, reach.Scope, c.r.PathValue("id"), b.Class, b.Hold)
	if err != nil {
		return nil, archiveError(err)
	}
	return o.keepItem(ctx, c, k, map[string]string{}), nil
}

// checkArchive asks for the verification of a part; it runs in the background.
func (o *Office) checkArchive(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	part, err := partOf(c)
	if err != nil {
		return nil, err
	}
	k, err := o.p.Archives.AskCheck(c.r.Context(), c.Official, reach.Scope, c.r.PathValue("id"), part)
	if err != nil {
		return nil, archiveError(err)
	}
	if o.p.Vault != nil {
		o.p.Vault.Wake()
	}
	return o.checkItem(c.r.Context(), c, k, map[string]string{}), nil
}

// repairArchive asks for a damaged part's file to be replaced by a whole copy.
func (o *Office) repairArchive(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	part, err := partOf(c)
	if err != nil {
		return nil, err
	}
	id := c.r.PathValue("id")
	k, err := o.p.Archives.AskRepair(c.r.Context(), c.Official, reach.Scope, id, part)
	if err != nil {
		return nil, archiveError(err)
	}
	o.note(c, id, repairedArchive)
	if o.p.Vault != nil {
		o.p.Vault.Wake()
	}
	return o.checkItem(c.r.Context(), c, k, map[string]string{}), nil
}

// partOf is the number in the path; what is none is not found.
func partOf(c *call) (int, error) {
	text := c.r.PathValue("part")
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 9999 || strconv.Itoa(n) != text {
		return 0, store.ErrNotFound
	}
	return n, nil
}
