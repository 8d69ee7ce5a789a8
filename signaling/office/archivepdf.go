package office

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"phientoa/internal/pdf"
	"phientoa/internal/store"
	"phientoa/internal/vietnam"
)

// archiveCertificate is the page that goes into the case file: what a part is, by
// figures that anybody can compute again, and what the last verification found. It
// is called a confirmation only when nothing was found.
func (o *Office) archiveCertificate(c *call) (any, error) {
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
	h, err := o.p.Store.Hearing(ctx, reach.Scope, id)
	if err != nil {
		return nil, err
	}
	booked, err := o.booking(ctx, reach.Scope, id)
	if err != nil {
		return nil, err
	}
	checks, err := o.p.Store.ArchiveChecks(ctx, reach.Scope, id)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(checks, func(k store.ArchiveCheck) bool { return k.Part == number && !k.Done.IsZero() })
	if i < 0 {
		return nil, conflict("not_checked", "Phần này chưa được kiểm tra tính toàn vẹn từ khi chốt.", "This part was not verified since it was sealed.")
	}
	by := o.official(ctx, c, checks[i].By, map[string]string{})
	text, err := certificate(h, booked.Court, p, checks[i], by)
	if err != nil {
		return nil, err
	}
	o.note(c, id, "archive.certificate")
	return stream(func(w http.ResponseWriter, _ *http.Request) {
		head := w.Header()
		head.Set("Content-Type", pdfType)
		head.Set("Content-Disposition", `attachment; filename="`+pdfName(h.DocketNo, number)+`"`)
		head.Set("Cache-Control", "private, no-store")
		head.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(text)
	}), nil
}

const pdfType = "application/pdf"

func pdfName(docket string, part int) string {
	name := fileName(docket, "phan", part)
	return name[:len(name)-len(".asice")] + "-xac-nhan.pdf"
}

// certificate renders the page. Equal arguments give equal bytes.
func certificate(h store.Hearing, courtName string, p store.ArchivePart, k store.ArchiveCheck, by string) ([]byte, error) {
	var f facts
	if err := json.Unmarshal(p.Facts, &f); err != nil {
		return nil, fmt.Errorf("facts of part %d: %w", p.Part, err)
	}
	whole := k.Exit == 0 && k.Same
	title := "KẾT QUẢ KIỂM TRA TÍNH TOÀN VẸN GÓI LƯU TRỮ"
	if whole {
		title = "GIẤY XÁC NHẬN TOÀN VẸN GÓI LƯU TRỮ"
	}
	sum, root := hex.EncodeToString(p.SHA256[:]), hex.EncodeToString(p.Root[:])
	d := pdf.New(pdf.Info{Title: title, Author: courtName, Subject: h.DocketNo, Created: k.Done, Footer: "Thụ lý số " + h.DocketNo + ", phần " + fmt.Sprint(p.Part)})
	d.Emblem(courtName, "")
	d.Title(title, "Bản ghi âm, ghi hình phiên tòa, phần "+fmt.Sprint(p.Part))
	d.Facts([][2]string{
		{"Số thụ lý", h.DocketNo},
		{"Vụ án, vụ việc", h.Title},
		{"Thời gian ghi", written(time.UnixMicro(p.Began)) + " đến " + written(time.UnixMicro(p.Ended))},
		{"Dung lượng", fmt.Sprintf("%d byte", p.Size)},
		{"SHA-256 của tệp", grouped(sum)},
		{"SHA-256 của danh mục", grouped(hex.EncodeToString(p.Manifest[:]))},
		{"Gốc cây Merkle", grouped(root)},
		{"Nhật ký", fmt.Sprintf("%d dòng; %d khoảng trống do chính bản ghi nêu", p.Lines, p.Gaps)},
	})
	d.Heading("Chữ ký số và dấu thời gian")
	d.Facts(append(sealFacts(f.Seal), courtFacts(f.Court)...))
	d.Heading("Kết quả kiểm tra")
	d.Facts([][2]string{{"Kết quả", result(k)}, {"Kiểm tra lúc", written(k.Done)}, {"Theo yêu cầu của", by}})
	err := d.QR("SHA256:"+sum+"\nROOT:"+root+"\nPART:"+h.ID+"/"+fmt.Sprint(p.Part), 30,
		"Mã này chứa SHA-256 của tệp và gốc cây Merkle. Kiểm tra lại tệp bằng lệnh:\n"+
			"    sha256sum TỆP.asice\n    phientoa verify TỆP.asice --root ca.pem\n"+
			"Trong gói lưu trữ có tệp VERIFY.txt hướng dẫn kiểm tra bằng công cụ công khai (openssl, unzip, sha256sum).\n"+
			"Chữ ký của máy chủ không thay cho chữ ký của người xác nhận.")
	if err != nil {
		return nil, err
	}
	d.Signatures([][2]string{{"", ""}, {"NGƯỜI XÁC NHẬN", ""}})
	return d.Bytes()
}

// courtFacts is of the court's own seal, which stands over the node's, in one row: the
// paper is one page. None without.
func courtFacts(s *sealFact) [][2]string {
	if s == nil {
		return nil
	}
	words := s.Signer + " (" + s.Issuer + "), CAdES-BASELINE-" + s.Level
	if s.Timestamp != nil {
		words += ", dấu thời gian " + written(s.Timestamp.Time)
	}
	return [][2]string{{"Chữ ký số của Tòa án", words}}
}

func sealFacts(s *sealFact) [][2]string {
	if s == nil {
		return [][2]string{{"Chữ ký", "không có chữ ký hợp lệ"}}
	}
	out := [][2]string{{"Ký bởi", s.Signer + " (" + s.Issuer + "), CAdES-BASELINE-" + s.Level}}
	t := s.Timestamp
	if t == nil { // what the signer states is all there is
		return append(out, [2]string{"Thời điểm bên ký nêu", written(s.SigningTime)}, [2]string{"Dấu thời gian", "chưa có khi lập giấy này"})
	}
	words := written(t.Time) + ", " + t.Authority
	if t.Internal {
		words += " (dấu thời gian nội bộ, không độc lập)"
	}
	return append(out, [2]string{"Dấu thời gian", words})
}

// result is the finding in one sentence.
func result(k store.ArchiveCheck) string {
	switch {
	case k.Exit == 2:
		return "Không đọc được tệp."
	case !k.Same:
		return "PHÁT HIỆN SAI LỆCH: tệp khác với gói lưu trữ đã chốt."
	case k.Exit == 1:
		return "PHÁT HIỆN SAI LỆCH trong gói lưu trữ."
	case k.Exit == 3:
		return "Không phát hiện thay đổi; chưa xác định được bên ký."
	}
	return "Không phát hiện thay đổi kể từ khi ký; đã xác định được bên ký."
}

// written is a moment as documents of the court write it, in the time of Viet Nam.
func written(t time.Time) string {
	return vietnam.Time(t).Format("15 giờ 04 phút 05 giây, ") + vietnam.Day(t)
}

// grouped parts a digest into eights, which can be compared by eye and wrap.
func grouped(text string) string {
	out := make([]byte, 0, len(text)+len(text)/8)
	for i := range len(text) {
		if i > 0 && i%8 == 0 {
			out = append(out, ' ')
		}
		out = append(out, text[i])
	}
	return string(out)
}

func archiveCertificateRoutes() []Route {
	return []Route{{
		Method: http.MethodGet, Path: "/api/v1/archives/{id}/parts/{part}/certificate", Roles: archiveWatchers(), Name: "archive_certificate",
		Vi: "Giấy xác nhận toàn vẹn gói lưu trữ (PDF)", En: "Confirmation that a sealed file is whole (PDF)",
		About:  "Digests, Merkle root, size, times and the last verification's result, with a QR code; to be signed by the clerk. Called a confirmation only when nothing was found.",
		Binary: pdfType, Status: http.StatusOK, Problems: []int{404, 409}, handle: (*Office).archiveCertificate,
	}}
}
