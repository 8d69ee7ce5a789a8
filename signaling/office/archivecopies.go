package office

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"time"

	"phientoa/internal/archives"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// What the access log keeps of copies for a person of the hearing.
const (
	askedCopy      = "archive.copy.ask"
	decidedCopy    = "archive.copy.decide"
	madeCopy       = "archive.copy"
	downloadedCopy = "archive.copy.download"
	deniedCopy     = "denied.archive.copy"
)

// ArchiveCopyBody asks that a person of the hearing gets a stretch of a part.
type ArchiveCopyBody struct {
	Person  string   `json:"person" minLength:"1" maxLength:"64" doc:"Of the hearing: procurator, accused, victim, a party, their counsel or representative"`
	From    string   `json:"from" format:"date-time"`
	To      string   `json:"to" format:"date-time"`
	Tracks  []string `json:"tracks" minItems:"1" maxItems:"64" doc:"Ids of tracks, as the index of the part has them"`
	Purpose string   `json:"purpose" minLength:"1" maxLength:"500" doc:"Stands in the file"`
}

// ArchiveCopyItem is what a person of the hearing gets.
type ArchiveCopyItem struct {
	Person   string    `json:"person"`
	Name     string    `json:"name" doc:"Of the person"`
	Capacity string    `json:"capacity"`
	Part     int       `json:"part"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Tracks   []string  `json:"tracks"`
	// File is told to who asked alone.
	File *ArchiveExcerptItem `json:"file,omitempty" doc:"The latest that was made, or is being made"`
}

// ArchiveRecipient is a person of the hearing who may get a copy.
type ArchiveRecipient struct {
	Person   string `json:"person"`
	Name     string `json:"name"`
	Capacity string `json:"capacity"`
}

// ArchiveCopiesAnswer lists the caller's requests for copies.
type ArchiveCopiesAnswer struct {
	People   []ArchiveRecipient   `json:"people" doc:"Who may get one"`
	Requests []ArchiveRequestItem `json:"requests" doc:"The caller's own, the latest first"`
}

// askCopy asks that a person of the hearing gets a copy of a stretch.
func (o *Office) askCopy(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	number, err := partOf(c)
	if err != nil {
		return nil, err
	}
	ctx, id := c.r.Context(), c.r.PathValue("id")
	p, err := o.archivePart(ctx, reach.Scope, id, number)
	if err != nil {
		return nil, err
	}
	b := c.body.(*ArchiveCopyBody)
	as := ArchiveExcerptBody{From: b.From, To: b.To, Tracks: b.Tracks, Reason: b.Purpose}
	a, err := as.asked(p)
	if err != nil {
		return nil, err
	}
	booked, err := o.booking(ctx, reach.Scope, id)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(booked.People, func(x hearing.Person) bool { return string(x.ID) == b.Person })
	if i < 0 {
		return nil, badFields([]Finding{{Code: "person", Field: "person", Vi: "Chưa chọn người được cấp bản sao.", En: "Choose who gets the copy."}})
	}
	r, err := o.p.Archives.AskCopy(ctx, c.Official, reach.Scope, id, a.Reason, store.ArchiveCopy{
		Person: b.Person, Capacity: booked.People[i].Capacity, Part: number, FromT: a.From.UnixMicro(), ToT: a.To.UnixMicro(), Tracks: a.Tracks,
	})
	if err != nil {
		return nil, archiveError(err)
	}
	o.note(c, id, askedCopy)
	return o.requestItem(ctx, c, r, map[string]string{}), nil
}

// copies lists what the caller asked for, and for whom a copy can be asked.
func (o *Office) copies(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	ctx, id := c.r.Context(), c.r.PathValue("id")
	booked, err := o.booking(ctx, reach.Scope, id)
	if err != nil {
		return nil, err
	}
	names, err := o.names(ctx, reach.Scope, id)
	if err != nil {
		return nil, err
	}
	a := ArchiveCopiesAnswer{People: []ArchiveRecipient{}, Requests: []ArchiveRequestItem{}}
	for _, p := range booked.People {
		if archives.Recipient(p.Capacity) {
			a.People = append(a.People, ArchiveRecipient{Person: string(p.ID), Name: names[string(p.ID)], Capacity: string(p.Capacity)})
		}
	}
	list, err := o.p.Store.ArchiveRequests(ctx, reach.Scope, id, c.ID)
	if err != nil {
		return nil, err
	}
	parts, err := o.p.Store.ArchiveParts(ctx, reach.Scope, id)
	if err != nil {
		return nil, err
	}
	known := map[string]string{}
	for _, r := range list {
		if r.Copy == nil {
			continue
		}
		item := o.requestItem(ctx, c, r, known)
		i := slices.IndexFunc(parts, func(p store.ArchivePart) bool { return p.Part == r.Copy.Part })
		if o.p.Excerpts != nil && i >= 0 {
			if made := o.p.Excerpts.List(parts[i], copyOwner(r)); len(made) > 0 {
				file := made[0].item()
				item.Copy.File = &file
			}
		}
		a.Requests = append(a.Requests, item)
	}
	return a, nil
}

// copyOwner keeps the files of a copy apart from the excerpts that its clerk had made: a
// copy goes out under its own permission and no other.
func copyOwner(r store.ArchiveRequest) string { return "copy " + r.ID }

// copyItem is a copy in the API's words.
func (o *Office) copyItem(ctx context.Context, r store.ArchiveRequest, known map[string]string) *ArchiveCopyItem {
	if r.Copy == nil {
		return nil
	}
	return &ArchiveCopyItem{
		Person: r.Copy.Person, Name: o.personName(ctx, r.Hearing, r.Copy.Person, known), Capacity: string(r.Copy.Capacity), Part: r.Copy.Part,
		From: time.UnixMicro(r.Copy.FromT).UTC(), To: time.UnixMicro(r.Copy.ToT).UTC(), Tracks: r.Copy.Tracks,
	}
}

// personName is the name of a person of a hearing, or the id where there is none. The
// hearing was found within the caller's reach.
func (o *Office) personName(ctx context.Context, id, person string, known map[string]string) string {
	key := func(person string) string { return id + " " + person }
	if _, ok := known[key(person)]; !ok {
		known[key(person)] = person
		names, err := o.names(ctx, court.SystemScope(), id)
		if err != nil {
			o.p.Logger.Warn("names of a hearing not read", "hearing", id, "err", err)
		}
		for p, name := range names {
			known[key(p)] = name
		}
	}
	return known[key(person)]
}

// grantedCopy is the permission of the address, and the part it is of.
func (o *Office) grantedCopy(c *call) (sc court.Scope, p store.ArchivePart, grant store.ArchiveRequest, err error) {
	reach, err := o.reached(c)
	if err != nil {
		return sc, p, grant, err
	}
	ctx := c.r.Context()
	if grant, err = o.p.Archives.CopyGrant(ctx, c.Official, reach.Scope, c.r.PathValue("id")); err != nil {
		var refused *archives.Refusal
		if errors.As(err, &refused) {
			o.note(c, grant.Hearing, deniedCopy)
		}
		return sc, p, grant, archiveError(err)
	}
	if p, err = o.archivePart(ctx, reach.Scope, grant.Hearing, grant.Copy.Part); err != nil {
		return sc, p, grant, err
	}
	if o.p.Excerpts == nil {
		err = notConfigured()
	}
	return reach.Scope, p, grant, err
}

// makeCopy has a granted copy made. Who gets it, in what capacity, and when it was made
// stand in the file, under its seal.
func (o *Office) makeCopy(c *call) (any, error) {
	sc, p, grant, err := o.grantedCopy(c)
	if err != nil {
		return nil, err
	}
	for _, e := range o.p.Excerpts.List(p, copyOwner(grant)) {
		if e.State == "waiting" || e.State == "running" || e.State == "ready" {
			return e.item(), nil // pressed twice, or again
		}
	}
	ctx := c.r.Context()
	what := *grant.Copy
	name := o.personName(ctx, grant.Hearing, what.Person, map[string]string{})
	// Noted before it is made.
	err = o.p.Archives.Saw(ctx, sc, store.ArchiveView{Hearing: p.Hearing, Part: p.Part, Account: c.ID, Request: grant.ID, What: "copy"})
	if err != nil {
		return nil, err
	}
	e, err := o.p.Excerpts.Ask(p, copyOwner(grant), ExcerptAsked{
		From: time.UnixMicro(what.FromT), To: time.UnixMicro(what.ToT), Tracks: what.Tracks, Reason: grant.Purpose,
		By: name + " (" + what.Capacity.Words() + ")",
	})
	if err != nil {
		return nil, excerptError(err)
	}
	o.note(c, p.Hearing, madeCopy)
	return e.item(), nil
}

// copyFile serves a copy to the clerk who hands it over, for as long as the grant holds.
func (o *Office) copyFile(c *call) (any, error) {
	sc, p, grant, err := o.grantedCopy(c)
	if err != nil {
		return nil, err
	}
	ctx := c.r.Context()
	h, err := o.p.Store.Hearing(ctx, sc, p.Hearing)
	if err != nil {
		return nil, err
	}
	made := o.p.Excerpts.List(p, copyOwner(grant))
	i := slices.IndexFunc(made, func(e Excerpt) bool { return e.State == "ready" })
	if i < 0 {
		return nil, store.ErrNotFound
	}
	e, f, err := o.p.Excerpts.Open(p, copyOwner(grant), made[i].ID)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, store.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("copy of %s part %d: %w", p.Hearing, p.Part, err)
	}
	// Noted before the first byte goes out.
	err = o.p.Archives.Saw(ctx, sc, store.ArchiveView{Hearing: p.Hearing, Part: p.Part, Account: c.ID, Request: grant.ID, What: "copy.download"})
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	o.note(c, p.Hearing, downloadedCopy)
	name := strings.TrimSuffix(fileName(h.DocketNo, "phan", p.Part), ".asice") + "-ban-sao-" + e.ID[:8] + ".asice"
	return o.container(sc, grant, sealedFile{name: name, sum: e.SHA256, content: f, closer: f}), nil
}

func exampleCopy() ArchiveRequestItem {
	r := exampleRequest()
	from := exampleStart().Add(time.Hour)
	r.Purpose = "Chuẩn bị kháng cáo"
	r.Copy = &ArchiveCopyItem{
		Person: "p-4", Name: "Nguyễn Văn An", Capacity: string(court.Defendant), Part: 1, From: from, To: from.Add(5 * time.Minute), Tracks: []string{"t001"},
	}
	return r
}

func archiveCopyRoutes() []Route {
	clerk := []store.Role{store.RoleClerk}
	return []Route{
		{
			Method: http.MethodGet, Path: "/api/v1/archives/{id}/copies", Roles: clerk, Name: "copies",
			Vi: "Các đề nghị cấp bản sao bản ghi", En: "Requests for copies for people of the hearing",
			About: "The caller's own, and the people of the hearing who may get a copy.",
			Out:   ArchiveCopiesAnswer{}, OutExample: ArchiveCopiesAnswer{
				People:   []ArchiveRecipient{{Person: "p-4", Name: "Nguyễn Văn An", Capacity: string(court.Defendant)}},
				Requests: []ArchiveRequestItem{exampleCopy()},
			}, Status: http.StatusOK, Problems: []int{404}, handle: (*Office).copies,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/archives/{id}/parts/{part}/copies", Roles: clerk, Name: "ask_copy",
			Vi: "Đề nghị cấp bản sao bản ghi cho người tham gia phiên tòa", En: "Ask that a person of the hearing gets a copy",
			About: "A stretch of some tracks for the procurator, the accused, a victim, a party, their counsel or representative; the chief judge decides as on other requests. It lets nobody see the archive.",
			In:    ArchiveCopyBody{}, InExample: ArchiveCopyBody{Person: "p-4", From: "2026-11-20T09:10:00+07:00", To: "2026-11-20T09:15:00+07:00", Tracks: []string{"t001"}, Purpose: "Chuẩn bị kháng cáo"},
			Out: ArchiveRequestItem{}, OutExample: exampleCopy(), Status: http.StatusCreated, Problems: []int{400, 404, 409, 413, 415}, handle: (*Office).askCopy,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/archive-requests/{id}/copy", Roles: clerk, Name: "make_copy",
			Vi: "Lập bản sao đã được cho phép", En: "Have a granted copy made",
			About: "By who asked, while the permission holds; once, however often it is called. Runs in the background. Who gets it and when it was made stand in the file.",
			In:    Empty{}, InExample: Empty{}, Out: ArchiveExcerptItem{}, OutExample: exampleExcerpt(), Status: http.StatusAccepted,
			Problems: []int{400, 404, 409, 415, 429}, handle: (*Office).makeCopy,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/archive-requests/{id}/copy/file", Roles: clerk, Name: "copy_file",
			Vi: "Tải bản sao để giao", En: "Download a copy to hand it over",
			About:  "By who asked. Takes Range and If-Range; breaks off when the permission ends. Each download is noted.",
			Binary: ContainerType, Status: http.StatusOK, Problems: []int{404, 409}, handle: (*Office).copyFile,
		},
	}
}
