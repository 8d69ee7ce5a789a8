package signaling

import (
	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

// Refusals that signaling itself gives; those of the rules come from package
// hearing. Codes are stable and stand in docs/protocol.md.
func refusal(code, vi, en string) *hearing.Refusal {
	return &hearing.Refusal{Code: code, Vi: vi, En: en}
}

func refuseBusy() *hearing.Refusal {
	return refusal("busy",
		"Hệ thống đang bận. Vui lòng thử lại sau giây lát.",
		"The system is busy. Please try again in a moment.")
}

func refusePixels() *hearing.Refusal {
	return refusal("exhibit_pixels",
		"Ảnh bị hỏng hoặc quá lớn (tối đa 80 triệu điểm ảnh). Vui lòng chụp hoặc quét lại với độ phân giải thấp hơn.",
		"The picture is broken or too large (at most 80 million pixels). Please take or scan it again with a lower resolution.")
}

func refuseDatabaseAway() *hearing.Refusal {
	return refusal("database_away",
		"Hệ thống của Tòa án đang gặp sự cố. Hiện chỉ có thể tắt tiếng, dừng phát biểu, tạm nghỉ, mời ra hoặc kết thúc.",
		"The database cannot be reached at the moment. For now it is only possible to mute, stop the floor, recess, remove or close.")
}

func refuseUncertain() *hearing.Refusal {
	return refusal("database_uncertain",
		"Hệ thống của Tòa án gặp sự cố khi đang ghi lệnh này. Lệnh sẽ có hiệu lực khi ghi được; nếu không muốn nữa, hãy ra lệnh ngược lại.",
		"The database stopped answering while this was being written. It takes effect once written; to withdraw it, give the opposite command.")
}

func refuseUnlogged() *hearing.Refusal {
	return refusal("in_effect_unlogged",
		"Lệnh đã có hiệu lực nhưng chưa ghi được vào nhật ký nào. Hệ thống đang thử lại.",
		"This is in effect but could not yet be written to any log. The system keeps trying.")
}

func refuseNotFound() *hearing.Refusal {
	return refusal("not_found",
		"Không tìm thấy phiên tòa này hoặc ông/bà không có quyền vào.",
		"This hearing was not found, or you may not enter it.")
}

func refuseSignIn() *hearing.Refusal {
	return refusal("sign_in",
		"Ông/bà chưa đăng nhập hoặc phiên đăng nhập đã hết hạn. Vui lòng mở lại đường dẫn trong giấy mời.",
		"You are not signed in, or the sign-in has expired. Please open the link of your invitation again.")
}

func refuseInvitation() *hearing.Refusal {
	return refusal("invitation",
		"Đường dẫn này không dùng được nữa. Vui lòng liên hệ thư ký phiên tòa để nhận đường dẫn mới.",
		"This link can no longer be used. Please ask the clerk for a new one.")
}

func refuseCodeNeeded() *hearing.Refusal {
	return refusal("code_needed",
		"Vui lòng nhập mã xác nhận mà Tòa án đã gửi riêng cho ông/bà.",
		"Please enter the code that the court has sent you separately.")
}

func refuseCodeWrong() *hearing.Refusal {
	return refusal("code_wrong",
		"Mã xác nhận không đúng. Nhập sai nhiều lần thì đường dẫn này không dùng được nữa.",
		"The code is not right. After several wrong ones this link can no longer be used.")
}

func refuseOrigin() *hearing.Refusal {
	return refusal("origin",
		"Trang này không được phép kết nối tới hệ thống.",
		"This page is not allowed to connect.")
}

func refuseTooFast() *hearing.Refusal {
	return refusal("too_fast",
		"Quá nhiều yêu cầu trong thời gian ngắn. Vui lòng chờ rồi thử lại.",
		"Too many requests in a short time. Please wait and try again.")
}

func refuseBadMessage() *hearing.Refusal {
	return refusal("bad_message",
		"Thông điệp không đúng giao thức.",
		"The message does not follow the protocol.")
}

func refuseTakenOver() *hearing.Refusal {
	return refusal("taken_over",
		"Thiết bị này đã được mở ở một cửa sổ khác.",
		"This device was opened in another window.")
}

func refuseLeftDevice() *hearing.Refusal {
	return refusal("left_device",
		"Ông/bà đã được ghi nhận rời khỏi máy này. Khi kết thúc cách ly, ông/bà vào lại được.",
		"You are recorded as having left this device. You may come back when your isolation ends.")
}

func refuseSeatTaken() *hearing.Refusal {
	return refusal("seat_taken",
		"Vị trí này đang được mở ở một thiết bị khác. Ông/bà có thể vào thay; kết nối kia sẽ kết thúc.",
		"This seat is open on another device. You may take over; the other connection then ends.")
}

func refuseRevoked() *hearing.Refusal {
	return refusal("revoked",
		"Quyền truy cập của ông/bà đã bị thu hồi. Vui lòng liên hệ thư ký phiên tòa.",
		"Your access was withdrawn. Please contact the clerk of the hearing.")
}

func refuseSlow() *hearing.Refusal {
	return refusal("too_slow",
		"Đường truyền quá chậm. Đang kết nối lại.",
		"The connection is too slow. Reconnecting.")
}

func refuseMedia() *hearing.Refusal {
	return refusal("media_not_admitted",
		"Hình và tiếng chỉ được nối sau khi ông/bà điểm danh.",
		"Picture and sound are connected only after you have checked in.")
}

func refuseMediaNew() *hearing.Refusal {
	return refusal("media_new",
		"Kết nối hình và tiếng này đã kết thúc. Đang kết nối mới.",
		"This connection of picture and sound has ended. A new one is being made.")
}

func refuseMediaFailed() *hearing.Refusal {
	return refusal("media_failed",
		"Không nối được hình và tiếng. Vui lòng thử lại; nếu vẫn lỗi, hãy báo thư ký.",
		"Picture and sound could not be connected. Please try again; if it keeps failing, tell the clerk.")
}

// refuseOverloaded: who only watches is not let in while the server cannot serve
// those who take part.
func refuseOverloaded() *hearing.Refusal {
	return refusal("overloaded",
		"Máy chủ đang quá tải nên tạm thời không nhận thêm người theo dõi. Vui lòng thử lại sau ít phút.",
		"The server is overloaded and takes no further viewers for now. Please try again in a few minutes.")
}

func refuseCodec() *hearing.Refusal {
	return refusal("media_codec",
		"Máy của những người tham gia phiên tòa không xem được định dạng hình mà máy này gửi. Vui lòng báo cán bộ kỹ thuật: máy cần gửi định dạng VP8.",
		"Others in the hearing cannot see the picture format that this device sends. Please tell the technician: it has to send VP8.")
}

// refuseFormat: nobody could see it here.
func refuseFormat() *hearing.Refusal {
	return refusal("media_format",
		"Hệ thống không nhận định dạng hình mà máy này gửi. Vui lòng báo cán bộ kỹ thuật: máy cần gửi VP8 hoặc H.264 Constrained Baseline.",
		"The picture format that this device sends is not taken here. Please tell the technician: it has to send VP8 or H.264 constrained baseline.")
}

func refuseLeased() *hearing.Refusal {
	return refusal("hosted_elsewhere",
		"Phiên tòa đang được một máy chủ khác phục vụ. Đang kết nối lại.",
		"Another server hosts this hearing. Reconnecting.")
}

func refuseStopping() *hearing.Refusal {
	return refusal("server_stopping",
		"Máy chủ đang khởi động lại. Đang kết nối lại.",
		"The server is restarting. Reconnecting.")
}

func refuseInternal() *hearing.Refusal {
	return refusal("internal",
		"Máy chủ gặp lỗi. Vui lòng thử lại; nếu vẫn lỗi, hãy báo thư ký.",
		"The server had an error. Please try again; if it keeps failing, tell the clerk.")
}

func refuseBrokenLog() *hearing.Refusal {
	return refusal("log_broken",
		"Nhật ký của phiên tòa này đã bị thay đổi hoặc hư hỏng nên không thể mở. Hãy báo cán bộ kỹ thuật.",
		"The log of this hearing was changed or damaged, so it cannot be opened. Tell the technical officer.")
}

func refuseOver() *hearing.Refusal {
	return refusal("hearing_closed", "Phiên tòa đã kết thúc.", "The hearing is closed.")
}

func refuseHeld() *hearing.Refusal {
	return refusal("held_unreadable",
		"Chưa đọc được các lệnh ghi trong lúc cơ sở dữ liệu gián đoạn nên chưa mở được phiên tòa. Hãy báo cán bộ kỹ thuật; hệ thống đang thử lại.",
		"The orders given while the database was away cannot be read yet, so the hearing cannot open. Tell the technical officer; the system keeps trying.")
}

func overtakenAlert() *wire.Alert {
	return &wire.Alert{
		Code: "orders_overtaken", Severity: "error",
		Vi: "Một số lệnh ra trong lúc cơ sở dữ liệu gián đoạn không còn hiệu lực. Hãy kiểm tra ai đang có mặt, ai được phát biểu và ra lệnh lại nếu cần.",
		En: "Some orders given while the database was away are no longer in force. Check who is present and who may speak, and give them again where needed.",
	}
}

func refuseSignedOut() *hearing.Refusal {
	return refusal("signed_out", "Ông/bà đã đăng xuất.", "You have signed out.")
}

// recorderTrouble is the sentence for a recorder's trouble code
// (docs/archive-format.md).
func recorderTrouble(code string) (vi, en string) {
	switch code {
	case "disk-full":
		return "Ổ đĩa ghi hình đã đầy. Hãy báo cán bộ kỹ thuật.",
			"The recording disk is full. Tell the technical officer."
	case "io-error", "log-failed":
		return "Ổ đĩa ghi hình bị lỗi, chưa ghi được. Hãy báo cán bộ kỹ thuật; hệ thống đang thử lại.",
			"The recording disk has failed and nothing is recorded. Tell the technical officer; the system keeps trying."
	case hearing.TroubleDiskLow:
		return "Ổ đĩa chỉ còn ghi được dưới 30 phút. Hãy báo cán bộ kỹ thuật.",
			"The disks take less than 30 minutes of recording. Tell the technical officer."
	case "second-disk":
		return "Đang ghi vào ổ đĩa dự phòng vì ổ chính bị lỗi hoặc đã đầy. Hãy báo cán bộ kỹ thuật.",
			"Recording goes on to the second disk: the first one failed or is full. Tell the technical officer."
	case "no-mirror":
		return "Đang ghi bình thường nhưng chỉ trên một ổ đĩa vì ổ kia bị lỗi. Hãy báo cán bộ kỹ thuật.",
			"Recording goes on without loss, but on one disk alone: the other one failed. Tell the technical officer."
	case "not_opened":
		return "Chưa mở được bản ghi nên không ghi âm, ghi hình. Hãy báo cán bộ kỹ thuật.",
			"The record could not be opened, so nothing is recorded. Tell the technical officer."
	case "slow-disk", "queue-full":
		return "Ổ đĩa ghi hình quá chậm, bản ghi có thể thiếu.",
			"The recording disk is too slow; parts may be missing."
	case "track-silent":
		return "Chưa nhận được hình hoặc tiếng của một người trong phòng xử án. Đề nghị người có ô hình báo mất hình kiểm tra micro, camera và dây mạng.",
			"Picture or sound of somebody in the courtroom does not arrive. Ask whoever's tile says so to check microphone, camera and network cable."
	case "signer":
		return "Chưa ký được nhật ký chứng cứ; bản ghi vẫn tiếp tục.",
			"The evidence log cannot be signed at the moment; recording goes on."
	case "not_recording":
		return "Chưa ghi âm, ghi hình.", "Nothing is being recorded yet."
	default:
		return "Mất ghi hình, đang khôi phục.", "The recording has stopped; it is being restored."
	}
}
