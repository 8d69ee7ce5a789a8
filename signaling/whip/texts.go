package whip

import "phientoa/internal/hearing"

func refusal(code, vi, en string) *hearing.Refusal {
	return &hearing.Refusal{Code: code, Vi: vi, En: en}
}

func refuseToken() *hearing.Refusal {
	return refusal("sign_in", "Mã truy cập của thiết bị không đúng hoặc đã bị thu hồi.", "The device's token is wrong or was revoked.")
}

func refuseTooFast() *hearing.Refusal {
	return refusal("too_fast", "Thiết bị gửi yêu cầu quá nhanh. Vui lòng thử lại sau ít giây.", "The device asks too often. Please try again in a few seconds.")
}

func refuseNotFound() *hearing.Refusal {
	return refusal("not_found", "Không tìm thấy phiên truyền hình này.", "There is no such session.")
}

func refuseMethod() *hearing.Refusal {
	return refusal("method", "Địa chỉ này không nhận phương thức đó.", "This address does not take that method.")
}

func refuseType() *hearing.Refusal {
	return refusal("media_type", "Định dạng nội dung gửi lên không đúng.", "The body is of another media type.")
}

func refuseLarge() *hearing.Refusal {
	return refusal("too_large", "Nội dung gửi lên quá lớn.", "The body is too large.")
}

func refuseSDP() *hearing.Refusal {
	return refusal("bad_message", "Mô tả phiên (SDP) gửi lên không hợp lệ.", "The session description (SDP) is not valid.")
}

func refuseLines() *hearing.Refusal {
	return refusal("encoder_lines",
		"Bộ mã hóa chỉ được gửi nhiều nhất một đường tiếng và một đường hình trong một nhóm (BUNDLE), không nhận hình, tiếng.",
		"An encoder sends at most one audio and one video in one BUNDLE group, and receives nothing.")
}

func refuseCodec() *hearing.Refusal {
	return refusal("encoder_codec",
		"Bộ mã hóa phải gửi tiếng bằng Opus và hình bằng VP8 hoặc H.264.",
		"An encoder sends Opus audio and VP8 or H.264 video.")
}

func refuseNoHearing() *hearing.Refusal {
	return refusal("no_hearing_now",
		"Theo lịch, hiện chưa có phiên tòa nào dùng bộ mã hóa này. Bộ mã hóa được nhận trước giờ khai mạc 30 phút.",
		"By the calendar no hearing uses this encoder now. It is let in 30 minutes before the booked start.")
}

func refuseWallLines() *hearing.Refusal {
	return refusal("wall_lines",
		"Màn hình theo dõi chỉ được nhận nhiều nhất một đường hình và hai đường tiếng trong một nhóm (BUNDLE), không gửi hình, tiếng.",
		"A viewing wall receives at most one video and two audios in one BUNDLE group, and sends nothing.")
}

func refuseWallCodec() *hearing.Refusal {
	return refusal("wall_codec", "Màn hình theo dõi phải nhận được tiếng Opus và hình VP8.", "A viewing wall takes Opus audio and VP8 video.")
}

func refuseNothingToShow() *hearing.Refusal {
	return refusal("no_hearing_now", "Theo lịch, hiện chưa có phiên tòa nào chiếu trên màn hình này.", "By the calendar this wall shows no hearing now.")
}

func refuseNotOpen() *hearing.Refusal {
	return refusal("not_open_yet",
		"Phiên tòa chưa khai mạc hoặc đang xét xử kín. Màn hình tự thử lại.",
		"The hearing has not been opened, or is closed to the public. The wall tries again by itself.")
}

func refuseNotIn() *hearing.Refusal {
	return refusal("not_in_yet",
		"Người ngồi trước máy quay này chưa xác nhận có mặt. Bộ mã hóa tự thử lại.",
		"Whoever sits before this camera has not checked in yet. The encoder tries again by itself.")
}

func refuseIfMatch() *hearing.Refusal {
	return refusal("if_match", "Yêu cầu phải kèm If-Match.", "The request needs If-Match.")
}

func refuseETag() *hearing.Refusal {
	return refusal("etag", "Yêu cầu thuộc một kết nối ICE khác.", "The request belongs to another ICE session.")
}

func refuseRestart() *hearing.Refusal {
	return refusal("no_restart", "Không khởi động lại ICE được; hãy kết nối lại từ đầu.", "ICE is not restarted here; please connect anew.")
}

func refuseBusy() *hearing.Refusal {
	return refusal("busy", "Hệ thống đang bận. Vui lòng thử lại sau ít giây.", "The system is busy. Please try again in a few seconds.")
}
