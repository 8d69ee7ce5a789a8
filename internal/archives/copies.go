package archives

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Recipient tells whether who took part in a hearing in this capacity may get a copy of
// a stretch of its recording: those who may read the minutes of the hearing, which a
// recording accompanies (Criminal Procedure Code, art. 258: the procuracy, the accused,
// counsel, victim and parties), with who represents them. Nobody else, whatever the list
// of capacities becomes.
func Recipient(c court.Capacity) bool {
	switch c {
	case court.Procurator,
		court.Defendant, court.Victim, court.CivilClaimant, court.CivilRespondent,
		court.Plaintiff, court.Respondent, court.ClaimantAdmin, court.RespondentAdmin, court.RelatedParty,
		court.DefenceCounsel, court.Lawyer, court.LegalAidOfficer, court.RightsProtector,
		court.LegalRepresentative, court.AuthorisedRep:
		return true
	}
	return false
}

// AskCopy asks that a person of the hearing gets a copy. A *Refusal says why not.
func (a *Archives) AskCopy(ctx context.Context, who auth.Official, sc court.Scope, id, purpose string, c store.ArchiveCopy) (store.ArchiveRequest, error) {
	r := store.ArchiveRequest{Hearing: id, Purpose: purpose, Download: true, Copy: &c}
	if !Recipient(c.Capacity) {
		return r, notRecipient()
	}
	if err := a.standing(ctx, sc, id); err != nil {
		return r, err
	}
	parts, err := a.p.Store.ArchiveParts(ctx, sc, id)
	if err != nil {
		return r, err
	}
	if !slices.ContainsFunc(parts, func(p store.ArchivePart) bool { return p.Part == c.Part && c.FromT < p.Ended && c.ToT > p.Began }) {
		return r, store.ErrNotFound
	}
	if r.Closed, err = a.Closed(ctx, sc, id); err != nil {
		return r, err
	}
	r, err = a.put(ctx, who, sc, r)
	if errors.Is(err, store.ErrConflict) {
		err = &Refusal{
			"copy_asked", "Bản sao này đã được đề nghị và đang chờ phê duyệt.",
			"This copy was asked for already and waits for a decision.",
		}
	}
	return r, err
}

// CopyGrant is the grant by which the account, which asked for it, may have the copy made
// and take it now. A *Refusal says why not.
func (a *Archives) CopyGrant(ctx context.Context, who auth.Official, sc court.Scope, id string) (store.ArchiveRequest, error) {
	r, err := a.p.Store.ArchiveRequest(ctx, sc, id)
	if err != nil {
		return r, err
	}
	if r.Copy == nil || r.Account != who.ID {
		return r, store.ErrNotFound // another's request is nobody's business
	}
	if err := a.standing(ctx, sc, r.Hearing); err != nil {
		return r, err
	}
	switch holds, err := a.Holds(ctx, sc, r.ID, true); {
	case err != nil:
		return r, err
	case !holds:
		return r, copyNotGranted()
	}
	return r, nil
}

// aboutCopy is what the administrative log says of a copy: ids, no names.
func aboutCopy(r store.ArchiveRequest) string {
	if r.Copy == nil {
		return ""
	}
	return fmt.Sprintf(" copy of part %d for person %s", r.Copy.Part, r.Copy.Person)
}

func notRecipient() *Refusal {
	return &Refusal{
		"not_recipient",
		"Bản sao chỉ cấp cho Kiểm sát viên, bị cáo, bị hại, đương sự, người bào chữa, người bảo vệ quyền lợi hoặc người đại diện của họ.",
		"A copy is for the procurator, the accused, a victim, a party, their counsel or representative alone.",
	}
}

func copyNotGranted() *Refusal {
	return &Refusal{
		"copy_not_granted", "Việc cấp bản sao này chưa được cho phép, hoặc thời hạn cho phép đã hết.",
		"This copy has not been granted, or the permission has run out.",
	}
}
