package office

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Problem is a refusal as RFC 9457 wants it, with a stable code and a sentence in
// both languages. It is an error of handlers.
type Problem struct {
	Title  string    `json:"title" doc:"The English sentence"`
	Status int       `json:"status"`
	Code   string    `json:"code"`
	Vi     string    `json:"vi"`
	En     string    `json:"en"`
	Errors []Finding `json:"errors,omitempty" doc:"What was found in the body or in parameters"`
}

// Error makes a Problem an error.
func (p *Problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.En) }

func problem(status int, code, vi, en string) *Problem {
	return &Problem{Title: en, Status: status, Code: code, Vi: vi, En: en}
}

// with adds what was found.
func (p *Problem) with(f ...Finding) *Problem {
	p.Errors = f
	return p
}

func (p *Problem) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
		h.Set("Retry-After", "5")
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // whoever went away reads nothing
}

func notSignedIn() *Problem {
	return problem(http.StatusUnauthorized, "sign_in",
		"Ông/bà chưa đăng nhập hoặc phiên đăng nhập đã hết hạn. Vui lòng đăng nhập lại.",
		"You are not signed in, or the sign-in has expired. Please sign in again.")
}

// notAllowed is decided by the route and the roles alone, before any object is
// looked at: it says nothing about what exists.
func notAllowed() *Problem {
	return problem(http.StatusForbidden, "not_allowed",
		"Vai trò của ông/bà không được thực hiện việc này.",
		"Your role may not do this.")
}

// notFound is the one answer for what does not exist and for what the caller may
// not know of.
func notFound() *Problem {
	return problem(http.StatusNotFound, "not_found",
		"Không tìm thấy, hoặc ông/bà không có quyền xem.",
		"Not found, or you may not see it.")
}

func methodNotAllowed() *Problem {
	return problem(http.StatusMethodNotAllowed, "method",
		"Địa chỉ này không nhận phương thức đó.", "This address does not take that method.")
}

func crossOrigin() *Problem {
	return problem(http.StatusForbidden, "origin",
		"Trang này không được phép gửi yêu cầu tới hệ thống.", "This page is not allowed to send requests.")
}

func badBody(field, vi, en string) *Problem {
	return problem(http.StatusBadRequest, "bad_body",
		"Nội dung gửi lên không đúng quy định.", "The body is not as described.").
		with(Finding{Code: "bad_body", Vi: vi, En: en, Field: field})
}

// badFields refuses a body by what was found in its fields.
func badFields(f []Finding) *Problem {
	return problem(http.StatusBadRequest, "bad_body",
		"Nội dung gửi lên không đúng quy định.", "The body is not as described.").with(f...)
}

func badParameter(name, vi, en string) *Problem {
	return problem(http.StatusBadRequest, "bad_parameter",
		"Tham số không đúng quy định.", "A parameter is not as described.").
		with(Finding{Code: "bad_parameter", Vi: vi, En: en, Field: name})
}

func tooLarge() *Problem {
	return problem(http.StatusRequestEntityTooLarge, "too_large",
		"Nội dung gửi lên quá lớn.", "The body is too large.")
}

func refused(f []Finding) *Problem {
	return problem(http.StatusUnprocessableEntity, "refused",
		"Không thể lập lịch phiên tòa này. Vui lòng xem từng lý do.",
		"This hearing cannot be booked. Please see each reason.").with(f...)
}

func keyMissing() *Problem {
	return problem(http.StatusBadRequest, "idempotency_key",
		"Thiếu tiêu đề Idempotency-Key (từ 8 đến 64 ký tự chữ, số hoặc - _ . :).",
		"The header Idempotency-Key is missing (8 to 64 letters, digits or - _ . :).")
}

func keyReused() *Problem {
	return problem(http.StatusConflict, "idempotency_reused",
		"Idempotency-Key này đã dùng cho một nội dung khác.",
		"This Idempotency-Key was used for another body.")
}

func tooFast() *Problem {
	return problem(http.StatusTooManyRequests, "too_fast",
		"Quá nhiều yêu cầu trong thời gian ngắn. Vui lòng chờ rồi thử lại.",
		"Too many requests in a short time. Please wait and try again.")
}

func conflict(code, vi, en string) *Problem { return problem(http.StatusConflict, code, vi, en) }

func databaseAway() *Problem {
	return problem(http.StatusServiceUnavailable, "database_away",
		"Hệ thống của Tòa án đang gặp sự cố. Vui lòng thử lại sau giây lát.",
		"The database cannot be reached at the moment. Please try again shortly.")
}

func busy() *Problem {
	return problem(http.StatusServiceUnavailable, "busy",
		"Hệ thống đang xử lý chính yêu cầu này. Vui lòng thử lại sau giây lát.",
		"This very request is being worked on. Please try again in a moment.")
}

func notConfigured() *Problem {
	return problem(http.StatusServiceUnavailable, "not_configured",
		"Chức năng này chưa được cấu hình trên máy chủ.", "This is not configured on the server.")
}

func internal() *Problem {
	return problem(http.StatusInternalServerError, "internal",
		"Hệ thống gặp lỗi. Vui lòng thử lại; nếu vẫn lỗi, báo cán bộ kỹ thuật.",
		"The system made a mistake. Please try again; if it stays, tell the technical staff.")
}

func mediaType() *Problem {
	return problem(http.StatusUnsupportedMediaType, "media_type",
		"Nội dung gửi lên phải là application/json.", "The body has to be application/json.")
}
