package office

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"phientoa/internal/archives"
	"phientoa/internal/court"
	"phientoa/internal/permit"
	"phientoa/internal/store"
)

// ContainerType is the media type of a sealed file (ETSI EN 319 162-1, annex A).
const ContainerType = "application/vnd.etsi.asic-e+zip"

// ErrElsewhere: another node has the file.
var ErrElsewhere = errors.New("office: the file lies on another node")

// Vault reads the files of sealed parts.
type Vault interface {
	// Open opens a part's file for reading at any offset, with its size in bytes.
	// ErrElsewhere when another node has it.
	Open(p store.ArchivePart) (io.ReaderAt, int64, io.Closer, error)
	// OpenSupplement opens a supplement's file likewise.
	OpenSupplement(s store.ArchiveSupplement) (io.ReaderAt, int64, io.Closer, error)
	// Wake says that a verification waits.
	Wake()
}

// stream is an answer that is not JSON and may take long: it is served without the
// bound of a request.
type stream func(w http.ResponseWriter, r *http.Request)

// archiveFile serves a part's file with ranges, for as long as the grant holds.
func (o *Office) archiveFile(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	number, err := partOf(c)
	if err != nil {
		return nil, err
	}
	ctx, id := c.r.Context(), c.r.PathValue("id")
	h, err := o.p.Store.Hearing(ctx, reach.Scope, id)
	if err != nil {
		return nil, err
	}
	p, err := o.archivePart(ctx, reach.Scope, id, number)
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
	if o.p.Vault == nil {
		return nil, notConfigured()
	}
	r, size, closer, err := o.p.Vault.Open(p)
	if errors.Is(err, ErrElsewhere) {
		return nil, onAnotherNode()
	}
	if err != nil {
		return nil, fmt.Errorf("sealed file of %s part %d: %w", id, number, err)
	}
	// The timestamp may have come a moment ago: bytes of two files under one ETag would
	// make a third that nobody sealed.
	if size != p.Size {
		return nil, errors.Join(changedFile(), closer.Close())
	}
	// Noted before the first byte goes out.
	err = o.p.Archives.Saw(ctx, reach.Scope, store.ArchiveView{Hearing: id, Part: number, Account: c.ID, Request: grant.ID, What: "download"})
	if err != nil {
		return nil, errors.Join(err, closer.Close())
	}
	o.note(c, id, downloadedArchive)
	return o.container(reach.Scope, grant, sealedFile{
		name: fileName(h.DocketNo, "phan", number), sum: hex.EncodeToString(p.SHA256[:]), content: io.NewSectionReader(r, 0, size), closer: closer,
	}), nil
}

// sealedFile is one that goes out.
type sealedFile struct {
	name    string // that a browser saves it as
	sum     string // SHA-256, hex
	content io.ReadSeeker
	closer  io.Closer
}

// container serves a sealed file with ranges, for as long as the grant holds.
func (o *Office) container(sc court.Scope, grant store.ArchiveRequest, f sealedFile) stream {
	return func(w http.ResponseWriter, req *http.Request) {
		defer f.closer.Close()
		head := w.Header()
		head.Set("Content-Type", ContainerType)
		head.Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
		head.Set("ETag", `"`+f.sum+`"`)
		head.Set("Cache-Control", "private, no-store")
		head.Set("X-Content-Type-Options", "nosniff")
		still := func(context.Context) bool {
			ok, err := o.p.Archives.Still(req, o.p.Officials, sc, grant, true)
			return err == nil && ok
		}
		http.ServeContent(w, req, "", time.Time{}, permit.Reader(req.Context(), f.content, still))
	}
}

func (o *Office) archivePart(ctx context.Context, sc court.Scope, id string, number int) (store.ArchivePart, error) {
	parts, err := o.p.Store.ArchiveParts(ctx, sc, id)
	if err != nil {
		return store.ArchivePart{}, err
	}
	for _, p := range parts {
		if p.Part == number {
			return p, nil
		}
	}
	return store.ArchivePart{}, store.ErrNotFound
}

// fileName is what a browser saves a part or supplement as: the docket number with what a file
// system takes, for instance 45-2026-TLST-HS-phan-1.asice.
func fileName(docket, kind string, number int) string {
	clean := strings.Map(func(r rune) rune {
		if (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') {
			return r
		}
		return '-'
	}, docket)
	return fmt.Sprintf("%.60s-%s-%d.asice", strings.Trim(clean, "-"), kind, number)
}

func changedFile() *Problem {
	return problem(http.StatusServiceUnavailable, "changed",
		"Tệp vừa được bổ sung dấu thời gian hoặc không còn như khi chốt. Vui lòng thử lại sau giây lát; nếu vẫn vậy, hãy kiểm tra tính toàn vẹn.",
		"The file has just got its timestamp, or is not what was sealed. Please try again in a moment; if it stays so, verify it.")
}

func onAnotherNode() *Problem {
	return problem(http.StatusServiceUnavailable, "elsewhere",
		"Tệp nằm trên máy chủ khác đang không liên lạc được.", "The file lies on another server.")
}

func archiveWatchers() []store.Role { return append(archives.Roles(), store.RoleAuditor) }

func archiveRoutes() []Route {
	return append([]Route{
		{
			Method: http.MethodPost, Path: "/api/v1/archives/search", Roles: archiveWatchers(), Name: "find_archives",
			Vi: "Tìm hồ sơ ghi âm, ghi hình", En: "Search the archives",
			About: "Hearings with sealed evidence of the caller's court and of dissolved courts that it succeeds. With or without diacritics and case; the latest first, at most 100. A search by name is noted in the access log.",
			In:    ArchiveSearchBody{}, InExample: ArchiveSearchBody{Text: "45/2026"}, Out: ArchivesAnswer{}, OutExample: exampleArchives(), Status: http.StatusOK,
			Problems: []int{400, 413, 415}, handle: (*Office).findArchives,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/archives/{id}", Roles: archiveWatchers(), Name: "archive",
			Vi: "Thẻ hồ sơ ghi âm, ghi hình của một phiên tòa", En: "The card of a hearing's archive",
			About: "Parts, sizes, gaps with their causes, damages, signatures, retention class, the caller's requests. No picture and no sound.",
			Out:   ArchiveAnswer{}, OutExample: exampleArchive(), Status: http.StatusOK, Problems: []int{404}, handle: (*Office).archive,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/archives/{id}/parts/{part}/checks", Roles: archiveWatchers(), Name: "check_archive",
			Vi: "Kiểm tra tính toàn vẹn của một phần", En: "Verify a part's file",
			About: "Runs in the background; the card shows the result.",
			In:    Empty{}, InExample: Empty{}, Out: ArchiveCheckItem{}, OutExample: exampleCheckItem(), Status: http.StatusAccepted,
			Problems: []int{400, 404, 409, 415}, handle: (*Office).checkArchive,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/archives/{id}/parts/{part}/repairs", Roles: []store.Role{store.RoleClerk, store.RoleChiefJudge, store.RoleArchivist}, Name: "repair_archive",
			Vi: "Khôi phục phần bị hỏng từ bản sao", En: "Repair a damaged part from a copy",
			About: "After a verification that found damage. A copy takes the file's place only when it is byte for byte the file that was catalogued and that the register noted last, and verifies as a whole; the damaged file is kept. Runs in the background; the card shows the result and, for ever, that it was done.",
			In:    Empty{}, InExample: Empty{}, Out: ArchiveCheckItem{}, OutExample: exampleCheckItem(), Status: http.StatusAccepted,
			Problems: []int{400, 404, 409, 415}, handle: (*Office).repairArchive,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/archives/{id}/parts/{part}/file", Roles: archives.Roles(), Name: "archive_file",
			Vi: "Tải gói lưu trữ của một phần", En: "Download a part's sealed file",
			About:  "Needs a permission that names downloading. Takes Range and If-Range (the ETag is the file's SHA-256); breaks off when the permission ends. Each download is noted with the request that allowed it.",
			Binary: ContainerType, Status: http.StatusOK, Problems: []int{404, 409}, handle: (*Office).archiveFile,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/archives/{id}/supplements/{supplement}/file", Roles: archives.Roles(), Name: "supplement_file",
			Vi: "Tải tệp bổ sung của hồ sơ", En: "Download a supplement's sealed file",
			About:  "Minutes, amendments and later seals, by their number. Under the same permission and the same terms as a part's file.",
			Binary: ContainerType, Status: http.StatusOK, Problems: []int{404, 409}, handle: (*Office).supplementFile,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/archives/{id}/views", Roles: []store.Role{store.RoleAuditor, store.RoleChiefJudge}, Name: "archive_views",
			Vi: "Những người đã khai thác hồ sơ", En: "Who saw an archive", About: "The latest first, at most 1000.",
			Out: ArchiveViewsAnswer{}, OutExample: exampleViews(), Status: http.StatusOK, Problems: []int{404}, handle: (*Office).archiveViews,
		},
		{
			Method: http.MethodPut, Path: "/api/v1/archives/{id}/keep", Roles: []store.Role{store.RoleArchivist, store.RoleChiefJudge}, Name: "keep_archive",
			Vi: "Đặt thời hạn bảo quản, yêu cầu giữ nguyên", En: "Set retention class and legal hold", About: "Stands in the administrative log.",
			In: ArchiveKeepBody{}, InExample: ArchiveKeepBody{Class: "20"}, Out: ArchiveKeepItem{}, OutExample: ArchiveKeepItem{Class: "20"}, Status: http.StatusOK,
			Problems: []int{400, 404, 409, 413, 415}, handle: (*Office).keepArchive,
		},
	}, slices.Concat(archiveRequestRoutes(), archiveCertificateRoutes(), archiveEndRoutes(), archiveExcerptRoutes(), archiveCopyRoutes())...)
}

func archiveRequestRoutes() []Route {
	return []Route{
		{
			Method: http.MethodPost, Path: "/api/v1/archives/{id}/requests", Roles: archives.Roles(), Name: "ask_archive",
			Vi: "Đề nghị khai thác hồ sơ", En: "Ask to see an archive",
			In: ArchiveAskBody{}, InExample: ArchiveAskBody{Purpose: "Bổ sung hồ sơ phúc thẩm", Download: true}, Out: ArchiveRequestItem{}, OutExample: exampleRequest(),
			Status: http.StatusCreated, Problems: []int{400, 404, 409, 413, 415}, handle: (*Office).askArchive,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/archive-requests", Roles: archives.Roles(), Name: "archive_requests",
			Vi: "Các đề nghị khai thác", En: "Requests to see archives", About: "For a chief judge all within reach, for others their own; the latest first, at most 500.",
			Out: ArchiveRequestsAnswer{}, OutExample: ArchiveRequestsAnswer{Requests: []ArchiveRequestItem{exampleRequest()}}, Status: http.StatusOK,
			handle: (*Office).archiveRequests,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/archive-requests/{id}/decision", Roles: []store.Role{store.RoleChiefJudge}, Name: "decide_archive",
			Vi: "Cho phép hoặc từ chối đề nghị khai thác", En: "Grant or refuse a request",
			About: "Never one's own. A hearing that was behind closed doors, be it for a part, is granted only by a decision that names that. Stands in the administrative log.",
			In:    ArchiveDecisionBody{}, InExample: ArchiveDecisionBody{Outcome: store.Granted, Hours: 72, Download: true}, Out: ArchiveRequestItem{}, OutExample: exampleRequest(),
			Status: http.StatusOK, Problems: []int{400, 404, 409, 413, 415}, handle: (*Office).decideArchive,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/archive-requests/{id}/end", Roles: archives.Roles(), Name: "end_archive",
			Vi: "Rút đề nghị, hoặc chấm dứt việc cho phép", En: "Take a request back, or end a permission",
			About: "By who asked, or, of a permission, by a chief judge. Downloads that run break off within 2 s.",
			In:    ArchiveEndBody{}, InExample: ArchiveEndBody{Reason: "Đã xong việc"}, Out: ArchiveRequestItem{}, OutExample: exampleRequest(),
			Status: http.StatusOK, Problems: []int{400, 404, 409, 413, 415}, handle: (*Office).endArchive,
		},
	}
}
