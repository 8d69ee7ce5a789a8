package archives

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/vietnam"
)

// DisposalLife is how long a proposed disposal waits for its second person.
const DisposalLife = 7 * 24 * time.Hour

// PartDigest names a part by its content.
type PartDigest struct {
	Part     int    `json:"part"`
	Size     int64  `json:"size,omitempty"`
	SHA256   string `json:"sha256"` // hex, of the file
	Manifest string `json:"manifest_sha256,omitempty"`
	Root     string `json:"root,omitempty"`
	BeganT   int64  `json:"began_t,omitempty"` // UTC unix microseconds
	EndedT   int64  `json:"ended_t,omitempty"`
}

// Due tells when the retention of an archive is over: so many years after the end
// of its last part, in Vietnam's time. A *Refusal says why never, or why not while something stands.
func Due(k store.ArchiveKeep, parts []store.ArchivePart) (time.Time, error) {
	switch {
	case k.Hold != "":
		return time.Time{}, &Refusal{
			"hold", "Hồ sơ đang được yêu cầu giữ nguyên, không được tiêu hủy.",
			"The archive is under a hold and must not be disposed of.",
		}
	case k.Class == "":
		return time.Time{}, &Refusal{
			"class_unset", "Chưa đặt thời hạn bảo quản nên không tiêu hủy.",
			"No retention class is set, so nothing is disposed of.",
		}
	case k.Class == Permanent:
		return time.Time{}, &Refusal{
			"permanent", "Hồ sơ được bảo quản vĩnh viễn.", "The archive is kept for ever.",
		}
	case len(parts) == 0:
		return time.Time{}, store.ErrNotFound
	}
	years, err := strconv.Atoi(k.Class)
	if err != nil {
		return time.Time{}, fmt.Errorf("retention class %q", k.Class)
	}
	last := slices.MaxFunc(parts, func(a, b store.ArchivePart) int { return int(min(1, max(-1, a.Ended-b.Ended))) })
	return vietnam.Time(time.UnixMicro(last.Ended)).AddDate(years, 0, 0), nil
}

// mayDispose is nil when retention is over.
func (a *Archives) mayDispose(ctx context.Context, sc court.Scope, id string) ([]store.ArchivePart, store.ArchiveKeep, error) {
	parts, err := a.p.Store.ArchiveParts(ctx, sc, id)
	if err != nil {
		return nil, store.ArchiveKeep{}, err
	}
	k, err := a.p.Store.ArchiveKeep(ctx, sc, id)
	if err != nil {
		return nil, k, err
	}
	due, err := Due(k, parts)
	if err != nil {
		return nil, k, err
	}
	if due.After(a.now()) {
		day := due.Format("02/01/2006")
		return nil, k, &Refusal{"not_due", "Chưa hết thời hạn bảo quản (đến ngày " + day + ").", "The retention period is not over (until " + day + ")."}
	}
	over, err := a.over(ctx, sc, id)
	if err != nil {
		return nil, k, err
	}
	if !over {
		return nil, k, &Refusal{
			"not_over", "Phiên tòa, phiên họp chưa kết thúc nên không tiêu hủy.",
			"The hearing is not over, so nothing is disposed of.",
		}
	}
	return parts, k, nil
}

// over tells whether a hearing is over by its log, after which no part can follow.
// One whose log cannot be followed is not.
func (a *Archives) over(ctx context.Context, sc court.Scope, id string) (bool, error) {
	var s *hearing.State
	for seq := uint64(0); seq < maxReplayed; {
		lines, err := a.p.Store.Read(ctx, sc, id, seq+1, store.MaxReadLines)
		if err != nil {
			return false, err
		}
		for _, l := range lines {
			e, err := hearing.ParseEvent(l.Line)
			if err == nil {
				s, err = hearing.Apply(s, e)
			}
			if err != nil {
				return false, fmt.Errorf("line %d of hearing %s: %w", l.Seq, id, err)
			}
			seq = l.Seq
		}
		if len(lines) < store.MaxReadLines {
			return s != nil && s.Status.Over(), nil
		}
	}
	return false, nil
}

// ProposeDisposal proposes to dispose of an archive whose retention is over.
func (a *Archives) ProposeDisposal(ctx context.Context, who auth.Official, sc court.Scope, id, reason string) (store.ArchiveDisposal, error) {
	d := store.ArchiveDisposal{Hearing: id, Reason: reason, By: who.ID, At: a.now(), Expires: a.now().Add(DisposalLife)}
	if _, _, err := a.mayDispose(ctx, sc, id); err != nil {
		return d, err
	}
	h, err := a.p.Store.Hearing(ctx, sc, id)
	if err != nil {
		return d, err
	}
	d.Unit = h.Unit
	if d.ID, err = a.newID(); err != nil {
		return d, err
	}
	err = a.p.Store.PutArchiveDisposal(ctx, sc, d, a.entry(who, h.Unit, "archive.disposal.proposed", id, "disposal "+d.ID))
	if errors.Is(err, store.ErrConflict) {
		err = &Refusal{
			"disposal_stands", "Đã có đề nghị tiêu hủy đang chờ, hoặc hồ sơ đã tiêu hủy.",
			"A disposal waits already, or the archive is disposed of.",
		}
	}
	return d, err
}

// ConfirmDisposal confirms what another proposed. The law is looked at again; from
// then on nobody sees the archive, and its files are removed by the nodes that have
// them. What it was stays, with its digests.
func (a *Archives) ConfirmDisposal(ctx context.Context, who auth.Official, sc court.Scope, disposal string) (store.ArchiveDisposal, error) {
	d, err := a.disposal(ctx, sc, disposal)
	if err != nil {
		return d, err
	}
	if d.By == who.ID {
		return d, &Refusal{"own_disposal", "Người đề nghị không tự xác nhận việc tiêu hủy.", "Nobody confirms the disposal that they proposed."}
	}
	parts, k, err := a.mayDispose(ctx, sc, d.Hearing)
	if err != nil {
		return d, err
	}
	if slices.ContainsFunc(parts, func(p store.ArchivePart) bool { return p.Sealed.After(d.At) }) {
		return d, &Refusal{
			"part_since", "Có phần được chốt sau khi đề nghị tiêu hủy. Vui lòng đề nghị lại.",
			"A part was sealed after the disposal was proposed. Please propose it again.",
		}
	}
	contents, err := json.Marshal(struct {
		Class string       `json:"class"`
		Parts []PartDigest `json:"parts"`
	}{k.Class, Digests(parts)})
	if err != nil {
		return d, fmt.Errorf("archives: tombstone: %w", err)
	}
	out, err := a.p.Store.SettleArchiveDisposal(ctx, sc, d.ID, store.Confirmed, string(contents),
		a.entry(who, d.Unit, "archive.disposal.confirmed", d.Hearing, "disposal "+d.ID))
	return out, disposalSettled(err)
}

// WithdrawDisposal takes a proposed disposal back, or refuses it.
func (a *Archives) WithdrawDisposal(ctx context.Context, who auth.Official, sc court.Scope, disposal string) (store.ArchiveDisposal, error) {
	d, err := a.disposal(ctx, sc, disposal)
	if err != nil {
		return d, err
	}
	out, err := a.p.Store.SettleArchiveDisposal(ctx, sc, d.ID, store.Withdrawn, "",
		a.entry(who, d.Unit, "archive.disposal.withdrawn", d.Hearing, "disposal "+d.ID))
	return out, disposalSettled(err)
}

func disposalSettled(err error) error {
	if errors.Is(err, store.ErrConflict) {
		return &Refusal{"settled", "Đề nghị tiêu hủy này đã được giải quyết hoặc đã hết hạn.", "This disposal is settled, or has run out."}
	}
	return err
}

func (a *Archives) disposal(ctx context.Context, sc court.Scope, id string) (store.ArchiveDisposal, error) {
	list, err := a.p.Store.ArchiveDisposals(ctx, sc, "")
	if err != nil {
		return store.ArchiveDisposal{}, err
	}
	for _, d := range list {
		if d.ID == id {
			return d, nil
		}
	}
	return store.ArchiveDisposal{}, store.ErrNotFound
}

// Disposed is the tombstone of an archive; nil while it stands.
func (a *Archives) Disposed(ctx context.Context, sc court.Scope, id string) (*store.ArchiveDisposal, error) {
	list, err := a.p.Store.ArchiveDisposals(ctx, sc, id)
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if d.Outcome == store.Confirmed {
			return &d, nil
		}
	}
	return nil, nil
}

// standing refuses what is disposed of.
func (a *Archives) standing(ctx context.Context, sc court.Scope, id string) error {
	d, err := a.Disposed(ctx, sc, id)
	if err != nil || d == nil {
		return err
	}
	return &Refusal{"disposed", "Hồ sơ đã được tiêu hủy theo quy định.", "The archive was disposed of."}
}

// Digests names parts by their content.
func Digests(parts []store.ArchivePart) []PartDigest {
	out := make([]PartDigest, 0, len(parts))
	for _, p := range parts {
		out = append(out, PartDigest{
			Part: p.Part, Size: p.Size, SHA256: hex.EncodeToString(p.SHA256[:]), Manifest: hex.EncodeToString(p.Manifest[:]),
			Root: hex.EncodeToString(p.Root[:]), BeganT: p.Began, EndedT: p.Ended,
		})
	}
	return out
}

// Lodge notes that parts were put into a case file, each named by its digest: who
// has another file than the one that was sealed is told so. The same again gives the
// same receipt.
func (a *Archives) Lodge(ctx context.Context, who auth.Official, sc court.Scope, id, reference, folios string, given []PartDigest) (store.ArchiveLodging, error) {
	l := store.ArchiveLodging{Hearing: id, Reference: reference, Folios: folios, Account: who.ID, At: a.now()}
	parts, err := a.p.Store.ArchiveParts(ctx, sc, id)
	if err != nil {
		return l, err
	}
	h, err := a.p.Store.Hearing(ctx, sc, id)
	if err != nil {
		return l, err
	}
	known := map[int]string{}
	for _, p := range Digests(parts) {
		known[p.Part] = p.SHA256
	}
	slices.SortFunc(given, func(x, y PartDigest) int { return x.Part - y.Part })
	for i, g := range given {
		if known[g.Part] != g.SHA256 || (i > 0 && given[i-1].Part == g.Part) {
			n := strconv.Itoa(g.Part)
			return l, &Refusal{
				"another_file", "Phần " + n + ": tệp khác với gói lưu trữ đã chốt, hoặc không có phần này.",
				"Part " + n + ": not the file that was sealed, or no such part.",
			}
		}
	}
	text, err := json.Marshal(given)
	if err != nil {
		return l, fmt.Errorf("archives: lodging: %w", err)
	}
	l.Parts = string(text)
	if l.ID, err = a.newID(); err != nil {
		return l, err
	}
	out, err := a.p.Store.PutArchiveLodging(ctx, sc, l, a.entry(who, h.Unit, "archive.lodged", id, "receipt "+l.ID))
	if errors.Is(err, store.ErrConflict) {
		err = &Refusal{
			"lodged_otherwise", "Số tham chiếu này đã dùng cho một nội dung khác.", "This reference was used for another content.",
		}
	}
	return out, err
}
