package excerpt

import (
	"fmt"
	"strings"
	"time"

	"phientoa/internal/vietnam"
	"phientoa/recording"
	"phientoa/recording/archive"
)

type words struct {
	excerpt, redacted, ranged, reason, by, source, lines, proof, tracks, cut, noCuts, cuts, allTracks, others, otherTimes string
	gaps, noGaps, allGaps, notAll, blanks, blank, events, noEvents, unheld, other, damages, more, catalogue, notShown     string
	code                                                                                                                  map[string]string
}

func wordsOf(lang string) words {
	if lang == "en" {
		return words{
			excerpt:  "EXCERPT of a sealed part: what stands here is proved to be of it, byte for byte.",
			redacted: "REDACTED COPY of a sealed part: everything but the cuts below is proved to be of it, byte for byte; nothing else is left out.",
			ranged:   "Asked for: %s - %s", reason: "Reason: %s", by: "Made for: %s, %s",
			source: "Sealed part: %s, part %d, %s - %s, %d lines, root %s", catalogue: "SHA-256 of the sealed file, as the court's catalogue states: %s",
			lines: "%d lines of the log shown, %d withheld (their hashes are in the proof)", proof: "Proof: %d bytes",
			tracks: "Tracks shown", cut: "%d stretches (%d bytes) cut", cuts: "Cut", allTracks: "all tracks, with what happened meanwhile", noCuts: "Cuts: none of them met a recording.",
			others: "Left out on purpose: all other tracks of the part.", otherTimes: "Left out on purpose: all other times.",
			gaps: "Gaps stated by the record", noGaps: "No gaps stated in what is shown.",
			allGaps: "Proved: every gap that the record states of these tracks in the time shown stands here.",
			notAll:  "NOT proved: that every gap which the record states of these tracks stands here.",
			blanks:  "Nothing is shown, and no line shown says why (the source may have been switched off)", blank: "%s - %s (%.0f s)",
			events: "%d notes of what happened in the hearing are shown.", noEvents: "What happened in the hearing is not shown.",
			unheld:  "%d checkpoints that were kept elsewhere cannot be compared with this file, only with the sealed part as a whole.",
			other:   "MADE UNDER ANOTHER KEY than the sealed part: that the recording is of the part is proved; cuts, reason and for whom it was made are the word of the signer above.",
			damages: "Damage", more: "More damage was found than is listed.", notShown: "What is inside was not examined.",
			code: map[string]string{
				DamageAbout: "description wrong", DamageSource: "not bound to the sealed part", DamageProof: "not lines of the sealed log", DamageLine: "line wrong",
				DamageHole: "left out without a cut", DamageMedia: "sound or picture changed", DamageHeld: "contradicts a checkpoint held elsewhere",
			},
		}
	}
	return words{
		excerpt:  "BẢN TRÍCH từ gói lưu trữ: nội dung dưới đây được chứng minh thuộc gói đó, đúng từng byte.",
		redacted: "BẢN SAO ĐÃ CHE từ gói lưu trữ: ngoài các phần cắt nêu dưới đây, nội dung được chứng minh thuộc gói đó, đúng từng byte; không thiếu phần nào khác.",
		ranged:   "Khoảng trích: %s - %s", reason: "Lý do: %s", by: "Lập cho: %s, %s",
		source: "Gói lưu trữ gốc: %s, phần %d, %s - %s, %d dòng nhật ký, gốc Merkle %s", catalogue: "SHA-256 của gói lưu trữ gốc theo danh mục của Tòa án: %s",
		lines: "%d dòng nhật ký được đưa ra, %d dòng được giữ kín (chỉ có mã băm trong phần chứng minh)", proof: "Phần chứng minh: %d byte",
		tracks: "Luồng ghi được đưa ra", cut: "cắt %d đoạn (%d byte)", cuts: "Phần cắt", allTracks: "mọi luồng ghi, cùng diễn biến trong thời gian đó", noCuts: "Phần cắt: không trúng đoạn ghi nào.",
		others: "Chủ ý không đưa ra: mọi luồng ghi khác của phần này.", otherTimes: "Chủ ý không đưa ra: mọi thời gian khác.",
		gaps: "Khoảng trống do chính bản ghi nêu", noGaps: "Trong phần được đưa ra không nêu khoảng trống nào.",
		allGaps: "Đã chứng minh: mọi khoảng trống mà bản ghi nêu của các luồng này trong thời gian được đưa ra đều có ở đây.",
		notAll:  "CHƯA chứng minh được: mọi khoảng trống mà bản ghi nêu của các luồng này đều có ở đây.",
		blanks:  "Không có nội dung và không có dòng nào được đưa ra nêu lý do (nguồn có thể đã tắt)", blank: "%s - %s (%.0f giây)",
		events: "Có %d dòng diễn biến phiên tòa được đưa ra.", noEvents: "Diễn biến phiên tòa không được đưa ra.",
		unheld:  "Có %d điểm ký do bên khác giữ không so được với tệp này, chỉ so được với toàn bộ gói lưu trữ.",
		other:   "LẬP BẰNG KHÓA KHÁC với khóa đã ký gói lưu trữ gốc: nội dung ghi được chứng minh thuộc gói đó; phần cắt, lý do và người được cấp chỉ là lời của người ký nêu trên.",
		damages: "Sai lệch", more: "Còn sai lệch khác chưa liệt kê.", notShown: "Chưa kiểm tra được nội dung bên trong.",
		code: map[string]string{
			DamageAbout: "phần mô tả sai", DamageSource: "không gắn với gói lưu trữ gốc", DamageProof: "không phải các dòng của nhật ký đã ký", DamageLine: "dòng sai",
			DamageHole: "thiếu mà không có phần cắt nêu lý do", DamageMedia: "âm thanh, hình ảnh bị sửa", DamageHeld: "trái với điểm ký do bên khác giữ",
		},
	}
}

// Text prints the report for people; lang is "vi" (default) or "en". Times are those of
// Viet Nam (UTC+7).
func (r Report) Text(lang string) string {
	w := wordsOf(lang)
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	verdict := recording.Verdict(r.ExitCode(), lang)
	if r.Unreadable != "" {
		line("%s: %s", verdict, recording.Clean(r.Unreadable))
		return b.String()
	}
	line("%s", verdict)
	if r.About != nil {
		r.asked(w, line)
	}
	archive.PrintSeal(&b, r.Container.Seal, lang)
	if r.OtherIssuer {
		line("%s", w.other)
	}
	if s := r.Source; s != nil {
		line(w.source, recording.Clean(s.Hearing), s.Part, clock(s.BeganT), clock(s.EndedT), s.Lines, s.Root)
		line(w.catalogue, recording.Clean(s.SHA256))
		archive.PrintSeal(&b, s.Seal, lang)
		archive.PrintCourtSeal(&b, s.Court, lang)
	}
	if r.About == nil || r.Source == nil {
		line("%s", w.notShown)
	} else {
		r.contents(w, lang, line)
	}
	if len(r.Damages) > 0 {
		line("%s:", w.damages)
	}
	for _, d := range r.Damages {
		line("  %s", d.text(w, lang))
	}
	if r.More {
		line("%s", w.more)
	}
	return b.String()
}

// asked says what the file is and who wanted it.
func (r Report) asked(w words, line func(string, ...any)) {
	a := r.About
	if a.Kind == KindRedacted {
		line("%s", w.redacted)
	} else {
		line("%s", w.excerpt)
		line(w.ranged, clock(a.FromT), clock(a.ToT))
	}
	line(w.reason, recording.Clean(a.Reason))
	line(w.by, recording.Clean(a.By), clock(a.MadeT))
}

func (r Report) contents(w words, lang string, line func(string, ...any)) {
	line(w.lines, r.Shown, r.Withheld)
	line(w.proof, r.Proof)
	line("%s:", w.tracks)
	for _, t := range r.Tracks {
		s := fmt.Sprintf("  %s %s %s: %s - %s, %d bytes", recording.Clean(t.Track), recording.Clean(t.Source), recording.Clean(t.Codec), clock(t.FromT), clock(t.ToT), t.Bytes)
		if t.CutSegments > 0 {
			s += ", " + fmt.Sprintf(w.cut, t.CutSegments, t.CutBytes)
		}
		line("%s", s)
	}
	if r.About.Kind == KindExcerpt {
		line("%s", w.others)
		line("%s", w.otherTimes)
		if r.About.Events {
			line(w.events, r.Events)
		} else {
			line("%s", w.noEvents)
		}
	}
	for _, c := range r.Cuts {
		of := w.allTracks
		if len(c.Tracks) > 0 {
			of = recording.Clean(strings.Join(c.Tracks, ", "))
		}
		line("%s: %s - %s, %s; "+w.cut+"; "+w.reason, w.cuts, clock(c.FromT), clock(c.ToT), of, c.Segments, c.Bytes, recording.Clean(c.why(r.About.Reason)))
	}
	if len(r.Gaps) == 0 {
		line("%s", w.noGaps)
	} else {
		line("%s:", w.gaps)
	}
	for _, g := range r.Gaps {
		line("  %s %s: %s - %s (%.3f s), %s", recording.Clean(g.Track), recording.Clean(g.Source), clock(g.FromT), clock(g.ToT),
			float64(g.ToT-g.FromT)/1e6, recording.CauseText(g.Cause, lang))
	}
	if r.Complete {
		line("%s", w.allGaps)
	} else {
		line("%s", w.notAll)
	}
	if len(r.Blanks) > 0 {
		line("%s:", w.blanks)
	}
	for _, g := range r.Blanks {
		line("  %s "+w.blank, recording.Clean(g.Track), clock(g.FromT), clock(g.ToT), float64(g.ToT-g.FromT)/1e6)
	}
	if r.Unheld > 0 {
		line(w.unheld, r.Unheld)
	}
}

// why is the cut's own reason, or that of the whole copy.
func (c Cut) why(all string) string {
	if c.Reason != "" {
		return c.Reason
	}
	return all
}

func (d Damage) text(w words, lang string) string {
	s := recording.Clean(d.Entry)
	if d.Line >= 0 {
		s += fmt.Sprintf(" #%d", d.Line)
	}
	if d.Offset >= 0 {
		s += fmt.Sprintf(" @%d", d.Offset)
	}
	if d.Track != "" {
		s += " " + recording.Clean(d.Track)
	}
	if d.ToT > 0 {
		s += fmt.Sprintf(" %s - %s", clock(d.FromT), clock(d.ToT))
	}
	what, ok := w.code[d.Code]
	if !ok {
		what = archive.DamageText(d.Code, lang)
	}
	s += ": " + what
	if d.Detail != "" {
		s += " (" + recording.Clean(d.Detail) + ")"
	}
	return s
}

func clock(micros int64) string {
	if micros == 0 {
		return "?"
	}
	return vietnam.Time(time.UnixMicro(micros)).Format("2006-01-02 15:04:05.000")
}
