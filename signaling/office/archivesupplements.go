package office

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"phientoa/internal/court"
)

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
