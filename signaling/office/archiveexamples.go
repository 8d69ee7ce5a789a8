package office

import (
	"strings"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

const exampleRequestID = "01935b1e-6f00-7c11-9d3a-000000000200"

func exampleArchiveItem() ArchiveItem {
	return ArchiveItem{
		ID: exampleID, Unit: "unit-old", Court: "Tòa án nhân dân quận Ba Đình", Inherited: true, DocketNo: exampleDocket,
		Title: "Vụ án trộm cắp tài sản", StartsAt: exampleStart(), Procedure: string(court.Criminal), Status: string(hearing.Closed), Presiding: "Trần Thị Bình",
	}
}

func exampleArchives() ArchivesAnswer {
	return ArchivesAnswer{Archives: []ArchiveItem{exampleArchiveItem()}, Units: []UnitItem{
		{ID: "unit-hn", Kind: "court.regional", Name: "Tòa án nhân dân khu vực 1 – Hà Nội", Own: true},
		{ID: "unit-old", Kind: "court.district", Name: "Tòa án nhân dân quận Ba Đình"},
	}}
}

func exampleArchive() ArchiveAnswer {
	began := exampleStart()
	stamped := began.Add(3 * time.Hour)
	grant := exampleRequest()
	digest := strings.Repeat("5f", 32)
	return ArchiveAnswer{
		ArchiveItem: exampleArchiveItem(), Keep: ArchiveKeepItem{Class: "20"}, Lodgings: []ArchiveLodgingItem{exampleLodged()}, Requests: []ArchiveRequestItem{grant}, Grant: &grant,
		Supplements: []ArchiveSupplementItem{{Number: 1, Kind: "minutes", Size: 183500, SHA256: digest, Parts: []int{1}, At: stamped}},
		Parts: []ArchivePartItem{{
			Part: 1, Size: 734003200, SHA256: digest, Manifest: digest, Root: digest, Lines: 21344, BeganAt: began, EndedAt: stamped,
			Tracks: 6, GapCount: 1, Damages: []string{}, Repairs: []ArchiveRepairItem{{At: stamped, By: "Lê Văn Cường", Kept: "part-0001.asice.damaged-20261124T031500Z"}},
			Gaps:  []ArchiveGap{{Source: "d1/camera", Place: "Trại tạm giam số 1", Kind: "camera", Cause: "loss", From: began.Add(time.Hour), To: began.Add(time.Hour + 4*time.Second)}},
			Seal:  &ArchiveSeal{Signer: "node-1", Issuer: "phientoa CA", Level: "T", SignedAt: stamped, StampedAt: &stamped, Authority: "phientoa TSA", Internal: true},
			Court: &ArchiveSeal{Signer: "TÒA ÁN NHÂN DÂN TỈNH A", Issuer: "CA của Tòa án", Level: "T", SignedAt: stamped, StampedAt: &stamped, Authority: "phientoa TSA", Internal: true},
		}},
	}
}

func exampleCheckItem() ArchiveCheckItem {
	return ArchiveCheckItem{ID: "01935b1e-6f00-7c11-9d3a-000000000300", Part: 1, At: exampleStart(), By: "Lê Văn Cường", Exit: -1}
}

func exampleRequest() ArchiveRequestItem {
	done := exampleStart().Add(time.Hour)
	until := done.Add(72 * time.Hour)
	return ArchiveRequestItem{
		ID: exampleRequestID, Hearing: exampleID, DocketNo: exampleDocket, Title: "Vụ án trộm cắp tài sản", ByID: "01935b1e-6f00-7c11-9d3a-000000000210",
		By: "Lê Văn Cường", Purpose: "Bổ sung hồ sơ phúc thẩm", Download: true, At: exampleStart(), Outcome: store.Granted, Open: true,
		DoneBy: "Phạm Thị Dung", DoneAt: &done, Until: &until,
	}
}

func exampleViews() ArchiveViewsAnswer {
	return ArchiveViewsAnswer{Views: []ArchiveViewItem{{
		At: exampleStart(), ByID: "01935b1e-6f00-7c11-9d3a-000000000210", By: "Lê Văn Cường", Part: 1, What: "download", Request: exampleRequestID, Purpose: "Bổ sung hồ sơ phúc thẩm",
	}}}
}

func exampleLodge() ArchiveLodgeBody {
	return ArchiveLodgeBody{Reference: "QLA-2026-0045-01", Folios: "120-134", Parts: []ArchivePartHash{{Part: 1, SHA256: strings.Repeat("5f", 32)}}}
}

func exampleLodged() ArchiveLodgingItem {
	b := exampleLodge()
	return ArchiveLodgingItem{Receipt: "01935b1e-6f00-7c11-9d3a-000000000400", Reference: b.Reference, Folios: b.Folios, Parts: b.Parts, At: exampleStart()}
}

func exampleDisposal() ArchiveDisposalItem {
	return ArchiveDisposalItem{
		ID: "01935b1e-6f00-7c11-9d3a-000000000500", Hearing: exampleID, Reason: "Hết thời hạn bảo quản", ByID: "01935b1e-6f00-7c11-9d3a-000000000210",
		By: "Lê Văn Cường", At: exampleStart(), Expires: exampleStart().Add(7 * 24 * time.Hour),
	}
}
