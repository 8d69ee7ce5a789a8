package office

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"phientoa/internal/archives"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// downloadedSupplement is what the access log keeps.
const downloadedSupplement = "archive.supplement.download"

// supplements are the sealed files that came after the parts, by number.
func (o *Office) supplements(ctx context.Context, sc court.Scope, id string) ([]ArchiveSupplementItem, error) {
	list, err := o.p.Store.ArchiveSupplements(ctx, sc, id)
	if err != nil {
		return nil, err
	}
	out := []ArchiveSupplementItem{}
	for _, s := range list {
		// What archive.Supplement writes; the rest of it is passed over.
		var says struct {
			Kind  string `json:"kind"`
			Cites []struct {
				Part int `json:"part"`
			} `json:"cites"`
		}
		if err := json.Unmarshal(s.Facts, &says); err != nil {
			return nil, fmt.Errorf("supplement %d of %s: %w", s.Number, id, err)
		}
		item := ArchiveSupplementItem{Number: s.Number, Kind: says.Kind, Size: s.Size, SHA256: hex.EncodeToString(s.SHA256[:]), Parts: []int{}, At: s.Made}
		for _, c := range says.Cites {
			item.Parts = append(item.Parts, c.Part)
		}
		out = append(out, item)
	}
	return out, nil
}

// supplementFile serves a supplement's file, for as long as the grant holds.
func (o *Office) supplementFile(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	ctx, id := c.r.Context(), c.r.PathValue("id")
	h, err := o.p.Store.Hearing(ctx, reach.Scope, id)
	if err != nil {
		return nil, err
	}
	grant, err := o.p.Archives.Grant(ctx, c.Official, reach.Scope, id, true)
	if err != nil {
		var refused *archives.Refusal
		if errors.As(err, &refused) {
			o.note(c, id, deniedGrant)
		}
		return nil, archiveError(err)
	}
	list, err := o.p.Store.ArchiveSupplements(ctx, reach.Scope, id)
	if err != nil {
		return nil, err
	}
	number := c.r.PathValue("supplement")
	i := slices.IndexFunc(list, func(s store.ArchiveSupplement) bool { return strconv.Itoa(s.Number) == number })
	if i < 0 {
		return nil, store.ErrNotFound
	}
	if o.p.Vault == nil {
		return nil, notConfigured()
	}
	s := list[i]
	r, size, closer, err := o.p.Vault.OpenSupplement(s)
	if errors.Is(err, ErrElsewhere) {
		return nil, onAnotherNode()
	}
	if err != nil {
		return nil, fmt.Errorf("supplement %d of %s: %w", s.Number, id, err)
	}
	if size != s.Size {
		return nil, errors.Join(changedFile(), closer.Close())
	}
	// Noted before the first byte goes out; it is of the hearing as a whole.
	err = o.p.Archives.Saw(ctx, reach.Scope, store.ArchiveView{Hearing: id, Account: c.ID, Request: grant.ID, What: "supplement.download"})
	if err != nil {
		return nil, errors.Join(err, closer.Close())
	}
	o.note(c, id, downloadedSupplement)
	return o.container(reach.Scope, grant, sealedFile{
		name: fileName(h.DocketNo, "bo-sung", s.Number), sum: hex.EncodeToString(s.SHA256[:]),
		content: io.NewSectionReader(r, 0, size), closer: closer,
	}), nil
}
