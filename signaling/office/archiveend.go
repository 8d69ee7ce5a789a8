package office

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"phientoa/internal/archives"
	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// lodgeArchive notes that parts were put into a case file.
func (o *Office) lodgeArchive(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	b := c.body.(*ArchiveLodgeBody)
	f := append(checkText("reference", &b.Reference, true, maxReference), checkText("folios", &b.Folios, false, maxReference)...)
	if len(b.Parts) < 1 || len(b.Parts) > store.MaxArchiveParts {
		f = append(f, Finding{Code: "missing", Field: "parts", Vi: "Chưa nêu phần nào.", En: "No part is named."})
	}
	if len(f) > 0 {
		return nil, badFields(f)
	}
	given := make([]archives.PartDigest, 0, len(b.Parts))
	for _, p := range b.Parts {
		given = append(given, archives.PartDigest{Part: p.Part, SHA256: strings.ToLower(p.SHA256)})
	}
	l, err := o.p.Archives.Lodge(c.r.Context(), c.Official, reach.Scope, c.r.PathValue("id"), b.Reference, b.Folios, given)
	if err != nil {
		return nil, archiveError(err)
	}
	return lodgingItem(l)
}

// maxReference bounds a reference of a case system and the folios, in characters.
const maxReference = 100

func lodgingItem(l store.ArchiveLodging) (ArchiveLodgingItem, error) {
	i := ArchiveLodgingItem{Receipt: l.ID, Reference: l.Reference, Folios: l.Folios, At: l.At}
	return i, json.Unmarshal([]byte(l.Parts), &i.Parts)
}

// disposeArchive proposes to dispose of an archive whose retention is over.
func (o *Office) disposeArchive(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	b := c.body.(*ArchiveDisposeBody)
	if f := checkText("reason", &b.Reason, true, MaxReason); len(f) > 0 {
		return nil, badFields(f)
	}
	d, err := o.p.Archives.ProposeDisposal(c.r.Context(), c.Official, reach.Scope, c.r.PathValue("id"), b.Reason)
	return o.disposed(c, d, err)
}

// confirmDisposal cannot be undone: its route asks for a fresh proof.
func (o *Office) confirmDisposal(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	d, err := o.p.Archives.ConfirmDisposal(c.r.Context(), c.Official, reach.Scope, c.r.PathValue("id"))
	if err == nil && o.p.Vault != nil {
		o.p.Vault.Wake()
	}
	return o.disposed(c, d, err)
}

func (o *Office) withdrawDisposal(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	d, err := o.p.Archives.WithdrawDisposal(c.r.Context(), c.Official, reach.Scope, c.r.PathValue("id"))
	return o.disposed(c, d, err)
}

func (o *Office) disposed(c *call, d store.ArchiveDisposal, err error) (any, error) {
	if err != nil {
		return nil, archiveError(err)
	}
	return o.disposalItem(c.r.Context(), c, d, map[string]string{}), nil
}

func (o *Office) disposalItem(ctx context.Context, c *call, d store.ArchiveDisposal, names map[string]string) ArchiveDisposalItem {
	i := ArchiveDisposalItem{
		ID: d.ID, Hearing: d.Hearing, Reason: d.Reason, ByID: d.By, By: o.official(ctx, c, d.By, names), At: d.At, Expires: d.Expires,
		Outcome: d.Outcome, DoneBy: o.official(ctx, c, d.DoneBy, names),
	}
	if !d.DoneAt.IsZero() {
		i.DoneAt = &d.DoneAt
	}
	return i
}

// ends adds to a card where the archive was put and whether it ends.
func (o *Office) ends(ctx context.Context, c *call, sc court.Scope, a *ArchiveAnswer, names map[string]string) error {
	a.Lodgings = []ArchiveLodgingItem{}
	lodged, err := o.p.Store.ArchiveLodgings(ctx, sc, a.ID)
	if err != nil {
		return err
	}
	for _, l := range lodged {
		i, err := lodgingItem(l)
		if err != nil {
			return err
		}
		a.Lodgings = append(a.Lodgings, i)
	}
	disposals, err := o.p.Store.ArchiveDisposals(ctx, sc, a.ID)
	if err != nil {
		return err
	}
	for _, d := range disposals {
		if d.Outcome == store.Confirmed || (d.Outcome == "" && d.Expires.After(c.now)) {
			i := o.disposalItem(ctx, c, d, names)
			a.Disposal = &i
			break
		}
	}
	return nil
}

func stepUp() *Problem {
	return problem(http.StatusForbidden, "step_up",
		"Thao tác này cần xác thực lại.", "This act asks for a fresh proof of who you are.")
}

func archiveEndRoutes() []Route {
	keepers := []store.Role{store.RoleArchivist, store.RoleChiefJudge}
	return []Route{
		{
			Method: http.MethodPut, Path: "/api/v1/archives/{id}/lodging", Roles: []store.Role{store.RoleService, store.RoleClerk, store.RoleArchivist},
			Right: auth.RightLodge, Name: "lodge_archive",
			Vi: "Ghi nhận việc đưa hồ sơ vào hồ sơ vụ án", En: "Note that an archive was put into a case file",
			About: "Idempotent: the same reference and content again gives the same receipt. Each part is named by the SHA-256 of the file that the case file has; another file than the sealed one is refused.",
			In:    ArchiveLodgeBody{}, InExample: exampleLodge(), Out: ArchiveLodgingItem{}, OutExample: exampleLodged(), Status: http.StatusOK,
			Problems: []int{400, 404, 409, 413, 415}, handle: (*Office).lodgeArchive,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/archives/{id}/disposals", Roles: keepers, Name: "dispose_archive",
			Vi: "Đề nghị tiêu hủy hồ sơ hết thời hạn bảo quản", En: "Propose to dispose of an archive",
			About: "Only when the retention class is set, its years are over and no hold stands. Another person confirms within 7 days.",
			In:    ArchiveDisposeBody{}, InExample: ArchiveDisposeBody{Reason: "Hết thời hạn bảo quản"}, Out: ArchiveDisposalItem{}, OutExample: exampleDisposal(),
			Status: http.StatusCreated, Problems: []int{400, 404, 409, 413, 415}, handle: (*Office).disposeArchive,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/archive-disposals/{id}/confirm", Roles: []store.Role{store.RoleChiefJudge}, Fresh: true, Name: "confirm_disposal",
			Vi: "Xác nhận việc tiêu hủy", En: "Confirm a disposal",
			About: "By another than who proposed it, with a fresh proof (403 step_up without). The files are removed; what they were stays, with their digests.",
			In:    Empty{}, InExample: Empty{}, Out: ArchiveDisposalItem{}, OutExample: exampleDisposal(), Status: http.StatusOK,
			Problems: []int{400, 404, 409, 415}, handle: (*Office).confirmDisposal,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/archive-disposals/{id}/withdraw", Roles: keepers, Name: "withdraw_disposal",
			Vi: "Rút hoặc từ chối đề nghị tiêu hủy", En: "Take back or refuse a disposal",
			In: Empty{}, InExample: Empty{}, Out: ArchiveDisposalItem{}, OutExample: exampleDisposal(), Status: http.StatusOK,
			Problems: []int{400, 404, 409, 415}, handle: (*Office).withdrawDisposal,
		},
	}
}
