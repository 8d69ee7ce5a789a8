package access

import (
	"context"
	"errors"
	"net/http"

	"phientoa/internal/auth"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

func refusal(code, vi, en string) *hearing.Refusal {
	return &hearing.Refusal{Code: code, Vi: vi, En: en}
}

func refuseInternal() *hearing.Refusal {
	return refusal("internal", "Hệ thống gặp lỗi. Vui lòng thử lại sau.", "The system has met a fault. Please try again later.")
}

// explain gives status and text of an error that is an answer; nil for a fault.
func explain(err error) (int, *hearing.Refusal) {
	switch {
	case errors.Is(err, auth.ErrMustChange): // wraps ErrNoSession
		return explained(http.StatusForbidden, err)
	case errors.Is(err, auth.ErrNoSession):
		return http.StatusUnauthorized, refusal("sign_in",
			"Ông/bà chưa đăng nhập hoặc phiên đăng nhập đã hết hạn.", "You are not signed in, or the sign-in has expired.")
	case errors.Is(err, auth.ErrSignIn), errors.Is(err, auth.ErrStepUp), errors.Is(err, auth.ErrForbidden),
		errors.Is(err, auth.ErrOwnAccount), errors.Is(err, auth.ErrTwoNeeded), errors.Is(err, auth.ErrOwnProposal),
		errors.Is(err, auth.ErrNoCertificate):
		return explained(http.StatusForbidden, err)
	case errors.Is(err, auth.ErrThrottled):
		return explained(http.StatusTooManyRequests, err)
	case errors.Is(err, auth.ErrWeakPassword):
		return explained(http.StatusBadRequest, err)
	case errors.Is(err, auth.ErrBusy), errors.Is(err, store.ErrUnavailable), errors.Is(err, context.Canceled),
		errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, refusal("busy",
			"Hệ thống đang bận hoặc tạm thời chưa liên lạc được cơ sở dữ liệu. Vui lòng thử lại sau ít phút.",
			"The system is busy, or its database cannot be reached. Please try again in a few minutes.")
	case errors.Is(err, auth.ErrNotOffered):
		return http.StatusNotFound, refusal("not_offered",
			"Hệ thống này không cung cấp cách đăng nhập đó.", "This installation does not offer that way to sign in.")
	case errors.Is(err, store.ErrNotFound):
		return http.StatusNotFound, refusal("not_found",
			"Không tìm thấy hoặc ông/bà không có quyền xem.", "Not found, or not for you to see.")
	case errors.Is(err, store.ErrInvalid):
		return http.StatusBadRequest, refusal("bad_message", "Thông tin gửi lên chưa hợp lệ.", "What was sent is not valid.")
	case errors.Is(err, store.ErrConflict):
		return http.StatusConflict, refusal("conflict",
			"Tên đăng nhập, chứng thư hoặc thiết bị này đã được đăng ký, hoặc vừa được người khác thay đổi.",
			"This login, certificate or device is registered already, or somebody else has just changed it.")
	}
	return 0, nil
}

func explained(status int, err error) (int, *hearing.Refusal) {
	code, vi, en, ok := auth.Explain(err)
	if !ok {
		return 0, nil
	}
	return status, refusal(code, vi, en)
}
