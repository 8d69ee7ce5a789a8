package archive

import (
	"fmt"
	"strings"
	"time"

	"phientoa/recording"
)

type supplementWords struct {
	alone, of, cited, same, grown, notGiven, document, signed, nameOnly, bound, unjudged string
	kind                                                                                 map[SupplementKind]string
	code                                                                                 map[string]string
}

func supplementWordsOf(lang string) supplementWords {
	if lang == "en" {
		return supplementWords{
			alone: "Whole; not compared with the archive that it supplements: give that with --part", of: "Supplement %04d of hearing %s: %s, made at %s",
			cited: "Supplements part %d: SHA-256 %s, list %s, root %s, %d lines", same: "  is the file given: %s", grown: "  is the file given: %s (seals or timestamps have joined it since)",
			notGiven: "  not given, not compared", document: "Minutes: lines %d to %d, document %d, SHA-256 %s", signed: "Signed by %s: %s (%s, %s), certificate SHA-256 %s",
			nameOnly: "the certificate was not registered for the person; name and issuer were compared", bound: "the certificate's key was registered for the person",
			unjudged: "This program does not judge what is inside.",
			kind: map[SupplementKind]string{
				MinutesSupplement: "final minutes", AmendmentSupplement: "amendment of the minutes", CourtSealSupplement: "seal of the court", TimestampSupplement: "archive timestamp",
			},
			code: map[string]string{DamageAbout: "description contradicts the files", DamageCites: "not of this part", DamageDocument: "signed document or its lines changed"},
		}
	}
	return supplementWords{
		alone: "Toàn vẹn; chưa đối chiếu với gói lưu trữ được bổ sung: dùng --part để đối chiếu", of: "Phần bổ sung %04d của phiên tòa %s: %s, lập lúc %s",
		cited: "Bổ sung cho phần %d: SHA-256 %s, danh mục %s, root %s, %d dòng", same: "  khớp với tệp: %s", grown: "  khớp với tệp: %s (tệp đã được thêm chữ ký hoặc dấu thời gian)",
		notGiven: "  chưa đối chiếu vì không có tệp", document: "Biên bản: dòng %d đến %d, bản số %d, SHA-256 %s", signed: "Người ký (%s): %s (%s, %s), SHA-256 của chứng thư %s",
		nameOnly: "chứng thư chưa được đăng ký cho người này; chỉ đối chiếu tên và tổ chức cấp", bound: "khóa của chứng thư đã được đăng ký cho người này",
		unjudged: "Chương trình này không kiểm tra nội dung bên trong.",
		kind: map[SupplementKind]string{
			MinutesSupplement: "biên bản phiên tòa", AmendmentSupplement: "sửa đổi, bổ sung biên bản", CourtSealSupplement: "chữ ký số của Tòa án", TimestampSupplement: "dấu thời gian lưu trữ",
		},
		code: map[string]string{DamageAbout: "phần mô tả trái với các tệp", DamageCites: "không phải phần bổ sung của tệp này", DamageDocument: "biên bản đã ký hoặc các dòng bị sửa"},
	}
}

// Text prints the report for people; lang is "vi" (default) or "en". Times are those of
// Viet Nam (UTC+7).
func (r SupplementReport) Text(lang string) string {
	w, own := wordsOf(lang), supplementWordsOf(lang)
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	verdict := r.verdict(w, lang)
	switch {
	case r.Unreadable != "":
		line("%s: %s", verdict, recording.Clean(r.Unreadable))
		return b.String()
	case r.Alone():
		line("%s", own.alone)
	default:
		line("%s", verdict)
		if r.ExitCode() == 3 && !r.compared() {
			line("%s", own.alone)
		}
	}
	r.describe(own, lang, line)
	line(w.file, r.Container.Bytes, r.Container.Entries, r.Container.Manifest)
	if s := r.Container.Seal; s == nil {
		line("%s", w.unsealed)
	} else {
		s.tell(w, w.sealed, line)
	}
	if s := r.Container.Court; s != nil {
		s.tell(w, w.court, line)
	}
	for _, a := range r.Container.Archive {
		a.tell(w, w.archive+" "+a.Token, line)
	}
	if len(r.Container.Damages) > 0 {
		line("%s:", w.damages)
	}
	for _, d := range r.Container.Damages {
		code := w.code[d.Code]
		if text, ok := own.code[d.Code]; ok {
			code = text
		}
		line("  %s: %s (%s)", recording.Clean(d.Entry), code, recording.Clean(d.Detail))
	}
	return b.String()
}

// verdict is the first sentence of the report.
func (r SupplementReport) verdict(w words, lang string) string {
	code := r.ExitCode()
	if code != 3 || !known(r.About.Kind) {
		return recording.Verdict(code, lang)
	}
	if doubt := r.Container.doubt(w, lang, r.Signatures); doubt != "" {
		return doubt
	}
	return w.vUnasked
}

// describe says what it supplements, and what stands on the document.
func (r SupplementReport) describe(w supplementWords, lang string, line func(string, ...any)) {
	s := r.About
	if s == nil {
		return
	}
	kind, ok := w.kind[s.Kind]
	if !ok {
		kind = recording.Clean(string(s.Kind))
	}
	line(w.of, s.Number, recording.Clean(s.Hearing), kind, micros(s.MadeT))
	for _, c := range s.Cites {
		line(w.cited, c.Part, c.SHA256, c.Manifest, c.Root, c.Lines)
		r.fit(w, c.Part, line)
	}
	if m := s.Minutes; m != nil {
		line(w.document, m.From, m.Lines, m.Version, m.SHA256)
	}
	for _, p := range r.Signatures {
		capacity := p.Capacity
		if lang != "en" {
			capacity = capacityWords(p.Capacity)
		}
		line(w.signed, recording.Clean(capacity), recording.Clean(p.Name), recording.Clean(p.Issuer), p.Serial, p.SHA256)
		if p.Bound {
			line("  %s", w.bound)
		} else {
			line("  %s", w.nameOnly)
		}
		if p.TrustError != "" {
			line("  %s: %s", wordsOf(lang).untrusted, recording.Clean(p.TrustError))
		}
		p.Revocation.tell(wordsOf(lang), line)
	}
	if !known(s.Kind) {
		line("%s", w.unjudged)
	}
}

func (r SupplementReport) fit(w supplementWords, part int, line func(string, ...any)) {
	for _, f := range r.Fits {
		if f.Part != part {
			continue
		}
		if f.Same {
			line(w.same, recording.Clean(f.File))
		} else {
			line(w.grown, recording.Clean(f.File))
		}
		return
	}
	line("%s", w.notGiven)
}

// capacityWords are the law's words for the two who sign.
func capacityWords(capacity string) string {
	switch capacity {
	case "presiding_judge":
		return "Chủ tọa phiên tòa"
	case "clerk":
		return "Thư ký phiên tòa"
	}
	return capacity
}

func micros(t int64) string { return clock(time.UnixMicro(t)) }
