package recording

import (
	"fmt"
	"strings"
	"time"

	"phientoa/internal/vietnam"
)

// words of one language of the report.
type words struct {
	whole, wholeUnknown, wholePartly, unvouched, damaged, incomplete, running, unreadable string
	part, signer, unknown, tracks, gaps, noGaps, damages, more                            string
	exhibits, notHere                                                                     string
	restarts, recovered, unchained, moreGaps                                              string
	cause, code                                                                           map[string]string
}

func wordsOf(lang string) words {
	if lang == "en" {
		return words{
			whole: "WHOLE: no change found since signing; the signer is known.", wholeUnknown: "WHOLE; the signer is not identified (no trusted root given, or another signer).",
			wholePartly: "WHOLE AS FAR AS THE CHECKPOINTS THAT WERE KEPT ELSEWHERE REACH; what follows a restart of the signer they do not vouch for.",
			unvouched:   "lines are vouched for by the checkpoints that were kept elsewhere. Behind them the signer was restarted: what follows has the node's certificate alone, until a checkpoint of a later time is given",
			damaged:     "DAMAGED: the evidence was changed or is missing in the places below.", incomplete: "INCOMPLETE: the log has no end line.",
			running: "Hearing in progress: whole as far as it goes.", unreadable: "CANNOT BE READ",
			part: "Part", signer: "Signed by", unknown: "unknown", exhibits: "Documents that the court admitted", notHere: "not in this part", tracks: "Tracks", gaps: "Gaps stated by the record", noGaps: "No gaps.",
			damages: "Damage", more: "More damage was found than is listed.", restarts: "restarts of the recorder",
			recovered: "bytes found behind the last record after a crash", unchained: "signing keys that began without their predecessor (restart of the signer)", moreGaps: "and %d gaps more",
			cause: map[string]string{
				CauseLoss: "packets lost on the network", CauseSilent: "nothing came from the point", CauseStalled: "camera or microphone stood still", CauseRestart: "recorder was restarted",
				CauseQueue: "recorder too slow", CauseNoKeyframe: "picture not decodable", CauseUnsteady: "picture format kept changing", CauseDisk: "disk error", CauseFull: "disk full",
			},
			code: map[string]string{
				"line": "not a line of the log", "chain": "line changed", "torn": "incomplete end", "note": "checkpoint changed", "root": "lines differ from what was signed",
				"signature": "wrong signature", "key": "wrong key statement", "missing": "missing", "unsigned": "lines not signed", "held": "contradicts a checkpoint held elsewhere",
				"after-end": "lines behind the end", "key-restart": "key of another predecessor", "genesis": "wrong beginning", "media": "media bytes changed", DamageExhibit: "document changed, or another than the court admitted",
				"order": "record out of order", "uncovered": "bytes without a record", "foreign": "foreign file", "record": "impossible record", "part": "parts do not fit",
				DamagePartMissing: "a part is missing that this one names; where the node has a second directory (--evidence-second), give the hearing's directories of both",
				DamagePartLost:    "a part is lost for good with its disk, as the operator noted",
			},
		}
	}
	return words{
		whole: "TOÀN VẸN: không phát hiện thay đổi kể từ khi ký; đã xác định được người ký.", wholeUnknown: "Toàn vẹn; chưa xác định được người ký",
		wholePartly: "Toàn vẹn trong phạm vi điểm ký do bên khác giữ; phần sau khi tiến trình ký khởi động lại chưa được các điểm ký đó bảo chứng",
		unvouched:   "dòng được điểm ký do bên khác giữ bảo chứng. Sau đó tiến trình ký đã khởi động lại: phần tiếp theo chỉ có chứng thư của máy chủ bảo chứng, cho đến khi có điểm ký được giữ vào thời điểm sau",
		damaged:     "CÓ SAI LỆCH: dữ liệu bị thay đổi hoặc bị thiếu tại các vị trí dưới đây.", incomplete: "CHƯA HOÀN CHỈNH: nhật ký không có dòng kết thúc.",
		running: "Phiên tòa đang diễn ra: toàn vẹn đến thời điểm này.", unreadable: "KHÔNG ĐỌC ĐƯỢC",
		part: "Phần", signer: "Người ký", unknown: "chưa xác định", exhibits: "Tài liệu được cho công bố", notHere: "không có trong phần này", tracks: "Luồng ghi", gaps: "Khoảng trống do chính bản ghi nêu", noGaps: "Không có khoảng trống.",
		damages: "Sai lệch", more: "Còn sai lệch khác chưa liệt kê.", restarts: "lần bộ ghi khởi động lại",
		recovered: "byte tìm thấy sau bản ghi cuối khi có sự cố", unchained: "khóa ký bắt đầu không có khóa trước (tiến trình ký khởi động lại)", moreGaps: "và %d khoảng trống khác",
		cause: map[string]string{
			CauseLoss: "mất gói trên đường truyền", CauseSilent: "điểm cầu không gửi dữ liệu", CauseStalled: "camera hoặc micro bị ngưng", CauseRestart: "bộ ghi khởi động lại",
			CauseQueue: "bộ ghi quá chậm", CauseNoKeyframe: "hình không giải mã được", CauseUnsteady: "định dạng hình thay đổi liên tục", CauseDisk: "lỗi ổ đĩa", CauseFull: "đầy ổ đĩa",
		},
		code: map[string]string{
			"line": "không phải dòng nhật ký", "chain": "dòng bị sửa", "torn": "phần cuối không trọn", "note": "điểm ký bị sửa", "root": "các dòng khác với nội dung đã ký",
			"signature": "chữ ký sai", "key": "chứng nhận khóa sai", "missing": "bị thiếu", "unsigned": "dòng chưa được ký", "held": "trái với điểm ký do bên khác giữ",
			"after-end": "dòng sau dòng kết thúc", "key-restart": "khóa nêu khóa trước khác với nhật ký", "genesis": "phần mở đầu sai", "media": "dữ liệu âm thanh, hình ảnh bị sửa", DamageExhibit: "tài liệu bị sửa, hoặc không phải tài liệu được cho công bố",
			"order": "bản ghi sai thứ tự", "uncovered": "dữ liệu không có bản ghi", "foreign": "tệp lạ", "record": "bản ghi vô lý", "part": "các phần không khớp nhau",
			DamagePartMissing: "thiếu phần mà phần này nêu; nếu máy chủ có thư mục lưu trữ thứ hai (--evidence-second), hãy đưa thư mục của phiên tòa ở cả hai nơi",
			DamagePartLost:    "một phần đã mất hẳn cùng ổ đĩa, theo ghi nhận của người vận hành hệ thống",
		},
	}
}

// Verdict is the first sentence of a report with this exit code.
func Verdict(exitCode int, lang string) string {
	w := wordsOf(lang)
	switch exitCode {
	case 0:
		return w.whole
	case 1:
		return w.damaged
	case 3:
		return w.wholeUnknown
	}
	return w.unreadable
}

// Verdict is the first sentence of the report.
func (r Report) Verdict(lang string) string {
	if r.ExitCode() == 3 && r.SignerKnown {
		return wordsOf(lang).wholePartly
	}
	return Verdict(r.ExitCode(), lang)
}

// Text prints the report for people; lang is "vi" (default) or "en". Times are
// those of Viet Nam (UTC+7).
func (r Report) Text(lang string) string {
	switch {
	case r.Unreadable != "":
		return Verdict(2, lang) + ": " + Clean(r.Unreadable) + "\n"
	case len(r.Damages) == 0 && !r.Complete && !r.Running:
		return r.Details(lang) // which says that it is incomplete
	}
	return r.Verdict(lang) + "\n" + r.Details(lang)
}

// Details is Text without the verdict.
func (r Report) Details(lang string) string {
	w := wordsOf(lang)
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if !r.Complete && !r.Running {
		line("%s", w.incomplete)
	}
	if r.Running && !r.Complete && len(r.Damages) == 0 {
		line("%s", w.running)
	}
	signer := w.unknown
	if len(r.Signers) > 0 {
		signer = Clean(strings.Join(r.Signers, ", "))
	}
	line("%s: %s", w.signer, signer)
	for _, p := range r.Parts {
		line("%s %d: %s, %s - %s, %d/%d, root %s", w.part, p.Part, Clean(p.Hearing), clock(p.Log.FirstT), clock(p.Log.LastT), p.Log.Signed, p.Log.Size, p.Root)
		if p.Restarts > 0 {
			line("  %d %s", p.Restarts, w.restarts)
		}
		if p.Recovered > 0 {
			line("  %d %s", p.Recovered, w.recovered)
		}
		if p.Log.Unvouched > 0 {
			line("  %d %s", p.Log.Unvouched, w.unvouched)
		}
		if n := unchained(p); n > 0 {
			line("  %d %s", n, w.unchained)
		}
	}
	if len(r.Tracks) > 0 {
		line("%s:", w.tracks)
	}
	for _, t := range r.Tracks {
		line("  %d/%s %s %s: %s - %s, %d bytes", t.Part, Clean(t.Track), Clean(t.Source), Clean(t.Codec), clock(t.FromT), clock(t.ToT), t.Bytes)
	}
	if len(r.Exhibits) > 0 {
		line("%s:", w.exhibits)
	}
	for _, x := range r.Exhibits {
		file := Clean(x.File)
		if file == "" {
			file = w.notHere
		}
		line("  %d/%d %s, %d bytes, SHA-256 %s", x.Part, x.No, file, x.Bytes, Clean(x.SHA256))
	}
	if len(r.Gaps) == 0 {
		line("%s", w.noGaps)
	} else {
		line("%s:", w.gaps)
	}
	for _, g := range r.Gaps {
		line("  %d/%s %s: %s - %s (%.3f s), %s", g.Part, Clean(g.Track), Clean(g.Source), clock(g.FromT), clock(g.ToT),
			float64(g.ToT-g.FromT)/1e6, named(w.cause, g.Cause))
	}
	if r.MoreGaps > 0 {
		line("  "+w.moreGaps, r.MoreGaps)
	}
	if len(r.Damages) > 0 {
		line("%s:", w.damages)
	}
	for _, d := range r.Damages {
		line("  %s", damageText(w, d))
	}
	if r.More {
		line("%s", w.more)
	}
	return b.String()
}

func damageText(w words, d Damage) string {
	s := fmt.Sprintf("%d/%s", d.Part, Clean(d.File))
	if d.Line >= 0 {
		s += fmt.Sprintf(" #%d", d.Line)
		if d.LineTo > d.Line {
			s += fmt.Sprintf("-%d", d.LineTo)
		}
	}
	if d.Offset >= 0 {
		s += fmt.Sprintf(" @%d", d.Offset)
	}
	if d.Track != "" {
		s += " " + Clean(d.Track)
	}
	if d.ToT > 0 {
		s += fmt.Sprintf(" %s - %s", clock(d.FromT), clock(d.ToT))
	}
	s += ": " + named(w.code, d.Code)
	if d.Detail != "" {
		s += " (" + Clean(d.Detail) + ")"
	}
	return s
}

func unchained(p PartReport) (n int) {
	for _, k := range p.Log.Keys {
		if !k.Chained {
			n++
		}
	}
	return n
}

func named(m map[string]string, key string) string {
	if s, ok := m[key]; ok {
		return s
	}
	return Clean(key)
}

// CauseText is the cause of a gap in words; lang is "vi" (default) or "en".
func CauseText(cause, lang string) string { return named(wordsOf(lang).cause, cause) }

// Clean keeps text of a file that may be hostile from moving the cursor or
// breaking a line.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || (r >= 0x7f && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return '?'
		}
		return r
	}, s)
}

func clock(micros int64) string {
	if micros == 0 {
		return "?"
	}
	return vietnam.Time(time.UnixMicro(micros)).Format("2006-01-02 15:04:05.000")
}
