package archives

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Roles are those that may be allowed to see sealed evidence.
func Roles() []store.Role {
	return []store.Role{store.RoleClerk, store.RoleJudge, store.RoleChiefJudge, store.RoleArchivist}
}

// Grant is the grant by which the account may see the hearing's archive now: of those
// that allow it, the one that lasts longest. download asks for the file itself. A
// *Refusal says why not.
func (a *Archives) Grant(ctx context.Context, who auth.Official, sc court.Scope, id string, download bool) (store.ArchiveRequest, error) {
	var best store.ArchiveRequest
	if _, err := a.p.Store.Hearing(ctx, sc, id); err != nil {
		return best, err
	}
	if err := a.standing(ctx, sc, id); err != nil {
		return best, err
	}
	list, err := a.p.Store.ArchiveRequests(ctx, sc, id, who.ID)
	if err != nil {
		return best, err
	}
	// Doors may have been closed after a grant was given, in a later part.
	closed, err := a.Closed(ctx, sc, id)
	if err != nil {
		return best, err
	}
	now := a.now()
	unnamed, viewOnly := false, false
	for _, r := range list {
		switch {
		case r.Copy != nil || !r.Open(now): // a copy for somebody shows nobody the archive
		case closed && !r.Closed:
			unnamed = true
		case download && !r.Download:
			viewOnly = true
		case r.Until.After(best.Until):
			best = r
		}
	}
	switch {
	case best.ID != "":
		return best, nil
	case viewOnly:
		return best, viewingOnly()
	case unnamed:
		return best, closedNotNamed()
	}
	return best, notGranted()
}

// Holds tells whether a grant allows it at this moment: it may have been ended or run
// out, doors may have been closed that it does not name, the archive may be disposed
// of, and the account may be disabled, in another unit or without a role for it.
func (a *Archives) Holds(ctx context.Context, sc court.Scope, grant string, download bool) (bool, error) {
	r, err := a.p.Store.ArchiveRequest(ctx, sc, grant)
	if err != nil {
		return false, err
	}
	acc, err := a.p.Store.Account(ctx, court.SystemScope(), r.Account)
	if err != nil {
		return false, err
	}
	may := func(role store.Role) bool { return slices.Contains(Roles(), role) }
	if !r.Open(a.now()) || (download && !r.Download) || acc.Disabled || !slices.ContainsFunc(acc.Roles, may) {
		return false, nil
	}
	reach, err := a.Reach(ctx, acc.Unit)
	if err != nil {
		return false, err
	}
	if !reach.Scope.Covers(r.Unit) {
		return false, nil
	}
	if d, err := a.Disposed(ctx, sc, r.Hearing); err != nil || d != nil {
		return false, err
	}
	if r.Closed {
		return true, nil
	}
	closed, err := a.Closed(ctx, sc, r.Hearing)
	return err == nil && !closed, err
}

// Officials tells which official a request is from; auth.Officials does.
type Officials interface {
	// Who gives auth.ErrNoSession when nobody is signed in.
	Who(r *http.Request) (auth.Official, error)
}

// Still is Holds for as long as the sign-in lasts that the request came from: who
// signed out, or was signed out, sees nothing more.
func (a *Archives) Still(r *http.Request, from Officials, sc court.Scope, grant store.ArchiveRequest, download bool) (bool, error) {
	who, err := from.Who(r)
	switch {
	case errors.Is(err, auth.ErrNoSession):
		return false, nil
	case err != nil || who.ID != grant.Account:
		return false, err
	}
	return a.Holds(r.Context(), sc, grant.ID, download)
}

func notGranted() *Refusal {
	return &Refusal{
		"not_granted", "Ông/bà chưa được phép khai thác hồ sơ này, hoặc thời hạn cho phép đã hết. Hãy gửi đề nghị khai thác.",
		"You have no permission for this archive, or it has run out. Please ask for it.",
	}
}

func viewingOnly() *Refusal {
	return &Refusal{
		"view_only", "Ông/bà được phép xem, không được phép tải tệp về.",
		"You may view this archive, not download it.",
	}
}

func closedNotNamed() *Refusal {
	return &Refusal{
		"closed_doors", "Phiên tòa có phần xét xử kín. Việc cho phép phải nêu rõ phần xét xử kín.",
		"Part of this hearing was behind closed doors. The permission has to name that.",
	}
}
