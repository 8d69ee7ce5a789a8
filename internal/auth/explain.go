package auth

import (
	"errors"

	"phientoa/internal/store"
)

// Explain gives the text for people, in Vietnamese and English, and a stable
// code. ok is false for an error of another kind.
func Explain(err error) (code, vi, en string, ok bool) {
	switch {
	case errors.Is(err, ErrDenied):
		return "auth.denied", "Liên kết mời không hợp lệ hoặc đã được sử dụng. Vui lòng liên hệ thư ký để nhận liên kết mới.",
			"This invitation is not valid or was used before. Please ask the clerk for a new one.", true
	case errors.Is(err, ErrCodeNeeded):
		return "code_needed", "Vui lòng nhập mã xác nhận Tòa án đã gửi riêng cho ông/bà.",
			"Please enter the code that the court has sent you separately.", true
	case errors.Is(err, ErrCodeWrong):
		return "code_wrong", "Mã xác nhận không đúng. Nhập sai nhiều lần thì giấy mời không dùng được nữa.",
			"The code is not right. After several wrong ones the invitation can no longer be used.", true
	case errors.Is(err, ErrSignIn):
		return "signin", "Tên đăng nhập hoặc thông tin xác thực không đúng.",
			"The login or the proof of who you are is not right.", true
	case errors.Is(err, ErrBusy):
		return "busy", "Đang có nhiều người đăng nhập cùng lúc. Vui lòng thử lại sau giây lát.",
			"Many people are signing in at once. Please try again in a moment.", true
	case errors.Is(err, ErrWeakPassword):
		return "weak_password", "Mật khẩu mới phải có từ 12 đến 128 ký tự và không trùng tên đăng nhập hoặc mật khẩu cũ.",
			"A new password has 12 to 128 characters and is neither the login nor the old one.", true
	case errors.Is(err, ErrMustChange):
		return "must_change", "Ông/bà cần đổi mật khẩu được cấp trước khi tiếp tục.",
			"Please change the password that you were given before you go on.", true
	case errors.Is(err, ErrStepUp):
		return "step_up", "Thao tác này cần xác thực lại. Vui lòng nhập mật khẩu hoặc dùng khóa bảo mật.",
			"This needs a fresh proof of who you are: your password or your passkey.", true
	case errors.Is(err, ErrForbidden):
		return "forbidden", "Ông/bà không có quyền thực hiện thao tác này.", "You may not do this.", true
	case errors.Is(err, ErrOwnAccount):
		return "own_account", "Người quản trị không được thay đổi tài khoản của chính mình.",
			"Administrators do not change their own account.", true
	case errors.Is(err, ErrTwoNeeded):
		return "two_needed", "Việc này cần hai người quản trị: một người đề nghị, người khác xác nhận trong vòng 24 giờ.",
			"This takes two administrators: one proposes it, another confirms it within 24 hours.", true
	case errors.Is(err, ErrOwnProposal):
		return "own_proposal", "Người đề nghị không được tự xác nhận; cần một người quản trị khác xác nhận.",
			"Whoever proposed it does not confirm it; another administrator has to.", true
	case errors.Is(err, ErrNoCertificate):
		return "no_certificate", "Máy chủ không nhận được chứng thư số hợp lệ. Vui lòng kiểm tra thiết bị chứng thư và thử lại.",
			"No valid certificate reached the server. Please check the token and try again.", true
	case errors.Is(err, ErrThrottled):
		return "auth.throttled", "Có quá nhiều lần thử từ địa chỉ này. Vui lòng đợi một phút rồi thử lại.",
			"There were too many attempts from this address. Please wait a minute and try again.", true
	case errors.Is(err, ErrNoSession):
		return "auth.session", "Ông/bà chưa đăng nhập hoặc phiên đăng nhập đã kết thúc. Vui lòng mở lại liên kết mời.",
			"You are not signed in, or your session has ended. Please open an invitation.", true
	case errors.Is(err, store.ErrUnavailable):
		return "auth.unavailable", "Hệ thống tạm thời chưa thể cho đăng nhập. Vui lòng thử lại sau ít phút.",
			"Signing in is not possible at the moment. Please try again in a few minutes.", true
	}
	return "", "", "", false
}
