package minutes

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"phientoa/internal/hearing"
)

// Note decides an entry of the clerk or presiding judge. About is the time that it
// speaks of: 0, or between the booking and now.
func (m *Maker) Note(w Writer, text string, about, now int64) (Body, *hearing.Refusal) {
	text, ref := checkText(text)
	switch {
	case !w.Writes():
		return nil, refuseWriter()
	case len(m.doc.Finals) > 0:
		return nil, refuse("minutes_final", "Biên bản đã có đủ hai chữ ký; chỉ còn ghi được sửa đổi, bổ sung theo yêu cầu.",
			"The minutes carry both signatures; only amendments upon request can be added.")
	case ref != nil:
		return nil, ref
	case about < 0 || about > now || about != 0 && about < m.s.BookedAt:
		return nil, refuse("bad_time", "Thời điểm được ghi lại phải trước lúc này.", "The time spoken of has to lie before now.")
	case m.doc.N >= MaxItems:
		return nil, refuseMany()
	}
	return Noted{Text: text, About: about}, nil
}

// Propose decides whether a document of the lines From to Lines may be made now; the
// caller makes it and fills in its digest.
func (m *Maker) Propose(w Writer) (Proposed, *hearing.Refusal) {
	from := m.doc.FinalLines() + 1
	switch {
	case !w.Writes():
		return Proposed{}, refuseWriter()
	case !m.s.Status.Over() || m.s.OpenedAt == 0:
		return Proposed{}, refuse("not_over", "Biên bản được hoàn chỉnh để ký sau khi phiên tòa kết thúc.",
			"The minutes are completed for signing after the hearing has ended.")
	case m.doc.Current != nil:
		return Proposed{}, refuse("already_proposed", "Biên bản đang chờ ký.", "The minutes wait for signatures already.")
	case len(m.lines) < from:
		return Proposed{}, refuse("nothing_new", "Không có nội dung mới để ký.", "There is nothing new to sign.")
	case m.doc.N >= MaxItems:
		return Proposed{}, refuseMany()
	}
	head := m.Head(len(m.lines))
	return Proposed{Document: Document{
		Version: m.doc.versions + 1, From: from, Lines: len(m.lines), Head: hexed(head[:]),
	}}, nil
}

// Sign decides about a file that was checked to be the latest one with more signatures:
// sha256 its digest, signers all whose signatures stand on it.
func (m *Maker) Sign(w Writer, sha256 string, signers []Signer) (Body, *hearing.Refusal) {
	switch {
	case !w.Writes():
		return nil, refuseWriter()
	case m.doc.Current == nil:
		return nil, refuse("not_proposed", "Chưa có biên bản chờ ký.", "No minutes wait for signatures.")
	case len(signers) <= len(m.doc.Signers):
		return nil, refuse("no_new_signature", "Tệp không có thêm chữ ký nào của Chủ tọa phiên tòa hay Thư ký phiên tòa.",
			"The file carries no further signature of the presiding judge or the clerk.")
	}
	return Signed{SHA256: sha256, Signers: signers}, nil
}

// Acknowledge decides about somebody who says that they read the document.
func (m *Maker) Acknowledge(w Writer, sha256 string) (Body, *hearing.Refusal) {
	switch {
	case !Reads(w.Capacity):
		return nil, refuseReader()
	case !m.doc.Has(sha256):
		return nil, refuse("other_document", "Biên bản đã có bản khác; hãy xem lại.", "The minutes have another version; read that one.")
	case m.doc.N >= MaxItems:
		return nil, refuseMany()
	}
	for _, r := range m.doc.Readers {
		if r.By.Person == w.Person && r.SHA256 == sha256 {
			return nil, nil // said before
		}
	}
	return Read{SHA256: sha256}, nil
}

// Ask decides about a request for an amendment, of one line or (0) of the whole.
func (m *Maker) Ask(w Writer, line int, text string) (Body, *hearing.Refusal) {
	text, ref := checkText(text)
	switch {
	case !w.MayAsk():
		return nil, refuseReader()
	case m.doc.Shown() == "":
		return nil, refuse("not_proposed_yet", "Biên bản chưa hoàn chỉnh; ông/bà xem và yêu cầu sửa đổi được sau khi phiên tòa kết thúc.",
			"The minutes are not complete yet; they can be read, and amendments asked for, once the hearing has ended.")
	case ref != nil:
		return nil, ref
	case line < 0 || line > len(m.lines):
		return nil, refuse("unknown_line", "Biên bản không có dòng này.", "The minutes have no such line.")
	case len(m.doc.Requests) >= MaxRequests || m.doc.N >= MaxItems:
		return nil, refuseMany()
	}
	return Asked{Line: line, Text: text}, nil
}

// Answer decides about writing a request's outcome at the end of the minutes.
func (m *Maker) Answer(w Writer, request uint64, accepted bool, text string) (Body, *hearing.Refusal) {
	text, ref := checkText(text)
	k := m.doc.request(request)
	switch {
	case !w.Writes():
		return nil, refuseWriter()
	case k < 0 || m.doc.Requests[k].Answered:
		return nil, refuse("unknown_request", "Không có yêu cầu này, hoặc yêu cầu đã được ghi vào biên bản.",
			"There is no such request, or it was answered.")
	case ref != nil:
		return nil, ref
	case m.doc.N >= MaxItems:
		return nil, refuseMany()
	}
	return Answered{Request: request, Accepted: accepted, Text: text}, nil
}

// checkText composes the text and trims it. Control characters besides line feeds are
// refused, as are characters that change the direction of what stands beside them.
func checkText(text string) (string, *hearing.Refusal) {
	text = strings.TrimSpace(norm.NFC.String(strings.ReplaceAll(text, "\r\n", "\n")))
	n := utf8.RuneCountInString(text)
	bad := strings.ContainsFunc(text, func(r rune) bool {
		return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) || r == unicode.ReplacementChar
	})
	if n == 0 || n > MaxTextRunes || bad || !utf8.ValidString(text) {
		return "", refuse("bad_text", "Nội dung trống, quá dài hoặc có ký tự không dùng được.",
			"The text is empty, too long, or contains characters that cannot be used.")
	}
	return text, nil
}

func refuse(code, vi, en string) *hearing.Refusal {
	return &hearing.Refusal{Code: code, Vi: vi, En: en}
}

func refuseWriter() *hearing.Refusal {
	return refuse("only_writers", "Chỉ Thư ký phiên tòa và Chủ tọa phiên tòa được ghi biên bản.",
		"Only the clerk and the presiding judge write the minutes.")
}

func refuseReader() *hearing.Refusal {
	return refuse("only_parties", "Ông/bà không thuộc những người được xem, yêu cầu sửa đổi biên bản (Điều 258 Bộ luật Tố tụng hình sự).",
		"You are not among those who may read the minutes and ask for amendments (Criminal Procedure Code, article 258).")
}

func refuseMany() *hearing.Refusal {
	return refuse("too_many", "Biên bản đã có quá nhiều mục.", "The minutes have too many items.")
}
