package minutebook

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"phientoa/internal/auth"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// Problem is a refusal (RFC 9457) with a stable code and a sentence in both languages,
// of the same shape as the office's.
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Vi     string `json:"vi"`
	En     string `json:"en"`
}

// Error makes a Problem an error.
func (p *Problem) Error() string { return p.Code + ": " + p.En }

func (p *Problem) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	if p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "5")
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // whoever went away reads nothing
}

func problem(status int, code, vi, en string) *Problem {
	return &Problem{Title: en, Status: status, Code: code, Vi: vi, En: en}
}

func notFound() *Problem {
	return problem(http.StatusNotFound, "not_found", "Không tìm thấy, hoặc ông/bà không có quyền xem.", "Not found, or you may not see it.")
}

func busy() *Problem {
	return problem(http.StatusServiceUnavailable, "busy", "Biên bản đang được ghi. Vui lòng thử lại.", "The minutes are being written. Please try again.")
}

func badBody() *Problem {
	return problem(http.StatusBadRequest, "bad_body", "Nội dung gửi lên không đúng quy định.", "The body is not as described.")
}

func mediaType(want string) *Problem {
	return problem(http.StatusUnsupportedMediaType, "media_type", "Nội dung gửi lên phải là "+want+".", "The body has to be "+want+".")
}

func tooLarge() *Problem {
	return problem(http.StatusRequestEntityTooLarge, "too_large", "Tệp gửi lên quá lớn.", "The file is too large.")
}

// explain turns an error into the answer. The rest is logged without the body.
func (b *Book) explain(r Route, err error) *Problem {
	var p *Problem
	var ref *hearing.Refusal
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &ref):
		status := http.StatusConflict
		switch ref.Code {
		case "only_writers", "only_parties":
			status = http.StatusForbidden
		case "bad_text", "bad_time", "unknown_line":
			status = http.StatusUnprocessableEntity
		}
		return problem(status, ref.Code, ref.Vi, ref.En)
	case errors.Is(err, auth.ErrNoSession):
		return problem(http.StatusUnauthorized, "sign_in", "Ông/bà chưa đăng nhập hoặc phiên đăng nhập đã hết hạn. Vui lòng đăng nhập lại.",
			"You are not signed in, or the sign-in has expired. Please sign in again.")
	case errors.Is(err, store.ErrNotFound):
		return notFound()
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return problem(http.StatusServiceUnavailable, "database_away", "Cơ sở dữ liệu tạm thời gián đoạn. Vui lòng thử lại sau ít phút.",
			"The database is away for the moment. Please try again in a few minutes.")
	}
	b.p.Logger.Warn("request failed", "route", r.Method+" "+r.Path, "err", err)
	return problem(http.StatusInternalServerError, "internal", "Hệ thống gặp lỗi. Hãy báo cán bộ kỹ thuật.", "Something failed here. Please tell the technicians.")
}
