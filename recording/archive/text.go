package archive

import (
	"fmt"
	"strings"
	"time"

	"phientoa/internal/revocation"
	"phientoa/internal/vietnam"
	"phientoa/recording"
)

type words struct {
	file, sealed, court, unsealed, level, claimed, stamped, internal, independent, unknown, unstamped string
	damages, untrusted, noEvidence                                                                    string
	archive, ended, notRevoked, noList, staleList, revoked, unasked                                   string
	vUnasked, vRevoked, vEnded                                                                        string
	code                                                                                              map[string]string
}

func wordsOf(lang string) words {
	if lang == "en" {
		return words{
			file: "File: %d bytes, %d entries; SHA-256 of its list: %s", sealed: "Sealed by", court: "Seal of the court", unsealed: "No seal that holds.",
			level: "CAdES-BASELINE-%s", claimed: "time stated by the signer", stamped: "Timestamp",
			internal: "internal timestamp, not independent", independent: "independent timestamp authority",
			unknown: "the timestamp authority is not identified", unstamped: "No timestamp.",
			archive:    "Archive timestamp",
			ended:      "certificate %s ended at %s, and no timestamp that counts was put over it before",
			notRevoked: "certificates not revoked (revocation list of %s)",
			noList:     "revocation of certificate %s not checked: there is no revocation list of its issuer",
			staleList:  "revocation of certificate %s not checked: its issuer's revocation list of %s does not speak of that time",
			revoked:    "certificate %s was revoked at %s",
			unasked:    "Revocation of certificates was not checked.",
			vUnasked:   "Whole; revocation of a certificate could not be checked", vRevoked: "Whole; a certificate was revoked",
			vEnded:    "Whole; a certificate has ended, and the timestamp was not renewed in time",
			damages:   "Damage of the sealed file",
			untrusted: "Not identified", noEvidence: "The evidence inside was not examined.",
			code: map[string]string{
				DamageZIP: "header of the file changed", DamageManifest: "list of files changed", DamageDigest: "file changed", DamageChecksum: "checksum changed",
				DamageMissing: "file is missing", DamageUnlisted: "foreign file", DamageSeal: "the seal does not hold", DamageTimestamp: "the timestamp does not hold",
				DamageSession: "description contradicts the log", DamageSigner: "sealed by another node", DamageList: "the revocation list does not hold",
			},
		}
	}
	return words{
		file: "Gói lưu trữ: %d byte, %d mục; SHA-256 của danh mục: %s", sealed: "Chốt, ký số bởi", court: "Chữ ký số của Tòa án", unsealed: "Không có chữ ký số hợp lệ.",
		level: "CAdES-BASELINE-%s", claimed: "thời điểm do bên ký nêu", stamped: "Dấu thời gian",
		internal: "dấu thời gian nội bộ, không độc lập", independent: "bên cấp dấu thời gian độc lập",
		unknown: "chưa xác định được bên cấp dấu thời gian", unstamped: "Không có dấu thời gian.",
		archive:    "Dấu thời gian lưu trữ",
		ended:      "chứng thư %s đã hết hạn lúc %s, trước đó không có dấu thời gian hợp lệ nào được đóng tiếp",
		notRevoked: "chứng thư chưa bị thu hồi (danh sách thu hồi lập lúc %s)",
		noList:     "chưa kiểm tra được việc thu hồi chứng thư %s: không có danh sách thu hồi của bên cấp",
		staleList:  "chưa kiểm tra được việc thu hồi chứng thư %s: danh sách thu hồi của bên cấp lập lúc %s không nói về thời điểm đó",
		revoked:    "chứng thư %s đã bị thu hồi từ %s",
		unasked:    "Chưa kiểm tra việc thu hồi chứng thư.",
		vUnasked:   "Toàn vẹn; chưa kiểm tra được việc thu hồi chứng thư", vRevoked: "Toàn vẹn; có chứng thư đã bị thu hồi",
		vEnded:    "Toàn vẹn; có chứng thư đã hết hạn và dấu thời gian chưa được gia hạn kịp thời",
		damages:   "Sai lệch của gói lưu trữ",
		untrusted: "Chưa xác định được", noEvidence: "Chưa kiểm tra được dữ liệu bên trong.",
		code: map[string]string{
			DamageZIP: "phần đầu mục của gói bị sửa", DamageManifest: "danh mục tệp bị sửa", DamageDigest: "tệp bị sửa", DamageChecksum: "mã kiểm bị sửa",
			DamageMissing: "thiếu tệp", DamageUnlisted: "tệp lạ", DamageSeal: "chữ ký số không hợp lệ", DamageTimestamp: "dấu thời gian không hợp lệ",
			DamageSession: "phần mô tả trái với nhật ký", DamageSigner: "do máy chủ khác chốt, ký số", DamageList: "danh sách thu hồi không hợp lệ",
		},
	}
}

// Text prints the report for people; lang is "vi" (default) or "en". Times are
// those of Viet Nam (UTC+7).
func (r Report) Text(lang string) string {
	w := wordsOf(lang)
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	verdict := r.verdict(w, lang)
	if r.Unreadable != "" {
		line("%s: %s", verdict, recording.Clean(r.Unreadable))
		return b.String()
	}
	line("%s", verdict)
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
	if s := r.Container.Seal; s != nil && s.Revocation == nil {
		line("%s", w.unasked)
	}
	if len(r.Container.Damages) > 0 {
		line("%s:", w.damages)
	}
	for _, d := range r.Container.Damages {
		s := "  " + recording.Clean(d.Entry)
		if d.Offset >= 0 {
			s += fmt.Sprintf(" @%d", d.Offset)
		}
		s += ": " + w.code[d.Code]
		if d.Detail != "" {
			s += " (" + recording.Clean(d.Detail) + ")"
		}
		line("%s", s)
	}
	if r.Evidence == nil {
		line("%s", w.noEvidence)
		return b.String()
	}
	b.WriteString(r.Evidence.Details(lang))
	return b.String()
}

func (s *Seal) tell(w words, by string, line func(string, ...any)) {
	line("%s: %s (%s, %s), "+w.level+", %s (%s)", by, recording.Clean(s.Signer), recording.Clean(s.Issuer), s.Serial, s.Level, clock(s.SigningTime), w.claimed)
	printEnded(w, s.Ended, line)
	if s.TrustError != "" && s.Ended == nil {
		line("  %s: %s", w.untrusted, recording.Clean(s.TrustError))
	}
	s.Revocation.tell(w, line)
	if s.Timestamp == nil {
		line("%s", w.unstamped)
		return
	}
	s.Timestamp.tell(w, w.stamped, line)
}

func (t *Timestamp) tell(w words, what string, line func(string, ...any)) {
	kind := w.unknown
	switch {
	case t.Independent:
		kind = w.independent
	case t.Internal:
		kind = w.internal
	}
	line("%s: %s, %s (%s)", recording.Clean(what), clock(t.Time), recording.Clean(t.Authority), kind)
	printEnded(w, t.Ended, line)
	t.Revocation.tell(w, line)
}

func printEnded(w words, e *Ended, line func(string, ...any)) {
	if e != nil {
		line("  "+w.ended, recording.Clean(e.Certificate), clock(e.At))
	}
}

func (r *Revocation) tell(w words, line func(string, ...any)) {
	if r == nil || r.At.IsZero() && r.State == revocation.Good {
		return // or it is a root itself, which no list is asked about
	}
	switch r.State {
	case revocation.Good:
		line("  "+w.notRevoked, clock(r.At))
	case revocation.None:
		line("  "+w.noList, recording.Clean(r.Certificate))
	case revocation.Stale:
		line("  "+w.staleList, recording.Clean(r.Certificate), clock(r.At))
	case revocation.Revoked:
		line("  "+w.revoked, recording.Clean(r.Certificate), clock(r.At))
	}
}

// verdict is the first sentence of the report.
func (r Report) verdict(w words, lang string) string {
	if r.ExitCode() != 3 {
		return recording.Verdict(r.ExitCode(), lang)
	}
	if doubt := r.Container.doubt(w, lang, nil); doubt != "" {
		return doubt
	}
	if r.Evidence.ExitCode() == 3 {
		return r.Evidence.Verdict(lang)
	}
	return w.vUnasked
}

// doubt is why who sealed and signed is not vouched for; empty where nothing but lists of
// revoked certificates can be the reason.
func (c Container) doubt(w words, lang string, signed []PersonalSignature) string {
	var gone, over bool
	known := true
	look := func(revoked *Revocation, ended *Ended) {
		gone = gone || revoked != nil && revoked.State == revocation.Revoked
		over = over || ended != nil
	}
	for _, s := range []*Seal{c.Seal, c.Court} {
		if s == nil {
			continue
		}
		known = known && s.Trusted
		look(s.Revocation, s.Ended)
		if s.Timestamp != nil {
			look(s.Timestamp.Revocation, s.Timestamp.Ended)
		}
	}
	for _, a := range c.Archive {
		look(a.Revocation, a.Ended)
	}
	for _, s := range signed {
		known = known && s.Trusted
		look(s.Revocation, nil)
	}
	switch {
	case gone:
		return w.vRevoked
	case over:
		return w.vEnded
	case !known:
		return recording.Verdict(3, lang)
	}
	return ""
}

func clock(t time.Time) string {
	return vietnam.Time(t).Format("2006-01-02 15:04:05")
}
