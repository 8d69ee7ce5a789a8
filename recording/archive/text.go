package archive

import (
	"fmt"
	"strings"
	"time"

	"phientoa/recording"
)

type words struct {
	file, sealed, court, unsealed, level, claimed, stamped, internal, independent, unknown, unstamped string
	revocation, damages, untrusted, noEvidence                                                        string
	code                                                                                              map[string]string
}

func wordsOf(lang string) words {
	if lang == "en" {
		return words{
			file: "File: %d bytes, %d entries; SHA-256 of its list: %s", sealed: "Sealed by", court: "Seal of the court", unsealed: "No seal that holds.",
			level: "CAdES-BASELINE-%s", claimed: "time stated by the signer", stamped: "Timestamp",
			internal: "internal timestamp, not independent", independent: "independent timestamp authority",
			unknown: "the timestamp authority is not identified", unstamped: "No timestamp.",
			revocation: "Revocation of certificates was not checked.", damages: "Damage of the sealed file",
			untrusted: "Not identified", noEvidence: "The evidence inside was not examined.",
			code: map[string]string{
				DamageZIP: "header of the file changed", DamageManifest: "list of files changed", DamageDigest: "file changed", DamageChecksum: "checksum changed",
				DamageMissing: "file is missing", DamageUnlisted: "foreign file", DamageSeal: "the seal does not hold", DamageTimestamp: "the timestamp does not hold",
				DamageSession: "description contradicts the log", DamageSigner: "sealed by another node",
			},
		}
	}
	return words{
		file: "Gói lưu trữ: %d byte, %d mục; SHA-256 của danh mục: %s", sealed: "Chốt, ký số bởi", court: "Chữ ký số của Tòa án", unsealed: "Không có chữ ký số hợp lệ.",
		level: "CAdES-BASELINE-%s", claimed: "thời điểm do bên ký nêu", stamped: "Dấu thời gian",
		internal: "dấu thời gian nội bộ, không độc lập", independent: "bên cấp dấu thời gian độc lập",
		unknown: "chưa xác định được bên cấp dấu thời gian", unstamped: "Không có dấu thời gian.",
		revocation: "Chưa kiểm tra việc thu hồi chứng thư.", damages: "Sai lệch của gói lưu trữ",
		untrusted: "Chưa xác định được", noEvidence: "Chưa kiểm tra được dữ liệu bên trong.",
		code: map[string]string{
			DamageZIP: "phần đầu mục của gói bị sửa", DamageManifest: "danh mục tệp bị sửa", DamageDigest: "tệp bị sửa", DamageChecksum: "mã kiểm bị sửa",
			DamageMissing: "thiếu tệp", DamageUnlisted: "tệp lạ", DamageSeal: "chữ ký số không hợp lệ", DamageTimestamp: "dấu thời gian không hợp lệ",
			DamageSession: "phần mô tả trái với nhật ký", DamageSigner: "do máy chủ khác chốt, ký số",
		},
	}
}

// Text prints the report for people; lang is "vi" (default) or "en". Times are
// those of Viet Nam (UTC+7).
func (r Report) Text(lang string) string {
	w := wordsOf(lang)
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	verdict := recording.Verdict(r.ExitCode(), lang)
	if c := r.Container; r.ExitCode() == 3 && c.Seal.Trusted && (c.Court == nil || c.Court.Trusted) {
		verdict = r.Evidence.Verdict(lang)
	}
	if r.Unreadable != "" {
		line("%s: %s", verdict, recording.Clean(r.Unreadable))
		return b.String()
	}
	line("%s", verdict)
	line(w.file, r.Container.Bytes, r.Container.Entries, r.Container.Manifest)
	if s := r.Container.Seal; s == nil {
		line("%s", w.unsealed)
	} else {
		s.print(w, w.sealed, line)
	}
	if s := r.Container.Court; s != nil {
		s.print(w, w.court, line)
	}
	if r.Container.Seal != nil {
		line("%s", w.revocation)
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

func (s *Seal) print(w words, by string, line func(string, ...any)) {
	line("%s: %s (%s, %s), "+w.level+", %s (%s)", by, recording.Clean(s.Signer), recording.Clean(s.Issuer), s.Serial, s.Level, clock(s.SigningTime), w.claimed)
	if s.TrustError != "" {
		line("  %s: %s", w.untrusted, recording.Clean(s.TrustError))
	}
	switch t := s.Timestamp; {
	case t == nil:
		line("%s", w.unstamped)
	case t.Independent:
		line("%s: %s, %s (%s)", w.stamped, clock(t.Time), recording.Clean(t.Authority), w.independent)
	case t.Internal:
		line("%s: %s, %s (%s)", w.stamped, clock(t.Time), recording.Clean(t.Authority), w.internal)
	default:
		line("%s: %s, %s (%s)", w.stamped, clock(t.Time), recording.Clean(t.Authority), w.unknown)
	}
}

func clock(t time.Time) string {
	return t.In(time.FixedZone("+07", 7*3600)).Format("2006-01-02 15:04:05")
}
