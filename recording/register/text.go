package register

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"phientoa/internal/vietnam"
	"phientoa/recording"
)

type words struct {
	clean, unknown, findings, unreadable, counts, supplements, open, lines, gone, mended, none string
	code                                                                                       map[string]string
}

func wordsOf(lang string) words {
	if lang == "en" {
		return words{
			clean: "NOTHING MISSING: every part that was opened is where it should be.", unknown: "Nothing missing; the signer of the register is not identified",
			findings: "FINDINGS: the register and the evidence differ in the places below.", unreadable: "CANNOT BE READ",
			counts: "Parts opened: %d; sealed: %d", supplements: "Supplements: %d", open: "Opened lately and not ended yet: %d", lines: "Register: %d lines, root %s",
			gone:   "Disposed of by two people: %s/part-%04d, proposed by account %s, confirmed by account %s at %s, SHA-256 %s",
			mended: "Repaired from a copy: %s/part-%04d at %s, asked for by account %s; SHA-256 of the damaged file %s", none: "unknown",
			code: map[string]string{
				FindingUnended: "opened, and it has no end", FindingUnsealed: "ended, and not sealed", FindingLost: "lost",
				FindingSwapped: "another file than the one that was noted", FindingResealed: "other seals or timestamps than those that were noted",
				FindingUnregistered: "stands on the disk and was never noted", FindingKept: "noted as disposed of, and stands on the disk",
				FindingFork: "begun on another register", FindingRegister: "the register is damaged",
			},
		}
	}
	return words{
		clean: "KHÔNG THIẾU: mọi phần đã mở đều có ở đúng nơi lưu.", unknown: "Không thiếu; chưa xác định được người ký sổ đăng ký",
		findings: "CÓ SAI LỆCH: sổ đăng ký và kho lưu trữ khác nhau tại các vị trí dưới đây.", unreadable: "KHÔNG ĐỌC ĐƯỢC",
		counts: "Số phần đã mở: %d; đã chốt: %d", supplements: "Số phần bổ sung: %d", open: "Mới mở, chưa kết thúc: %d", lines: "Sổ đăng ký: %d dòng, root %s",
		gone:   "Đã tiêu hủy theo quyết định của hai người: %s/part-%04d, tài khoản đề nghị %s, tài khoản xác nhận %s lúc %s, SHA-256 %s",
		mended: "Đã khôi phục từ bản sao: %s/part-%04d lúc %s, theo yêu cầu của tài khoản %s; SHA-256 của tệp hỏng %s", none: "không xác định",
		code: map[string]string{
			FindingUnended: "đã mở nhưng không có phần kết thúc", FindingUnsealed: "đã kết thúc nhưng chưa chốt, ký số", FindingLost: "bị mất",
			FindingSwapped: "không phải tệp đã được ghi nhận", FindingResealed: "chữ ký hoặc dấu thời gian khác với ghi nhận",
			FindingUnregistered: "có trên ổ đĩa nhưng chưa từng được ghi nhận", FindingKept: "đã ghi nhận tiêu hủy nhưng vẫn còn trên ổ đĩa",
			FindingFork: "bắt đầu theo một sổ đăng ký khác", FindingRegister: "sổ đăng ký bị sai lệch",
		},
	}
}

// Text prints the report for people; lang is "vi" (default) or "en". Times are
// those of Viet Nam (UTC+7).
func (r Report) Text(lang string) string {
	w := wordsOf(lang)
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	switch r.ExitCode() {
	case 2:
		line("%s: %s", w.unreadable, recording.Clean(r.Unreadable))
		return b.String()
	case 0:
		line("%s", w.clean)
	case 3:
		line("%s", w.unknown)
	default:
		line("%s", w.findings)
	}
	line(w.lines, r.Lines, r.Root)
	line(w.counts, r.Opened, r.Sealed)
	if r.Supplements > 0 {
		line(w.supplements, r.Supplements)
	}
	if r.Open > 0 {
		line(w.open, r.Open)
	}
	for _, g := range r.Disposed {
		line(w.gone, recording.Clean(g.Hearing), g.Part, recording.Clean(g.ProposedBy), recording.Clean(g.ConfirmedBy), clock(g.ConfirmedAt), recording.Clean(g.SHA256))
	}
	for _, m := range r.Repaired {
		line(w.mended, recording.Clean(m.Hearing), m.Part, clock(m.At), recording.Clean(m.AskedBy), cmp.Or(recording.Clean(m.Damaged), w.none))
	}
	for _, f := range r.Findings {
		s := "  "
		switch {
		case f.Supplement > 0:
			s += fmt.Sprintf("%s/supplement-%04d: ", recording.Clean(f.Hearing), f.Supplement)
		case f.Hearing != "":
			s += recording.Clean(f.Hearing) + "/" + recording.PartDir(f.Part) + ": "
		}
		s += w.code[f.Code]
		if f.Detail != "" {
			s += " (" + recording.Clean(f.Detail) + ")"
		}
		if !f.At.IsZero() {
			s += ", " + clock(f.At)
		}
		line("%s", s)
	}
	return b.String()
}

func clock(t time.Time) string {
	return vietnam.Time(t).Format("2006-01-02 15:04:05")
}
