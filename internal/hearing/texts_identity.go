package hearing

// Refusals about comparing papers outside of the session.

func refuseCheckInSession() *Refusal {
	return refuse("check_in_session", "Phiên tòa đang diễn ra: hình ảnh, âm thanh đã có trong phòng xử án.",
		"The hearing is in session: picture and sound are in the courtroom.")
}

func refuseOwnCheck() *Refusal {
	return refuse("own_check", "Ông/bà không thể tự đối chiếu giấy tờ của mình qua camera.",
		"You cannot compare your own papers by camera.")
}

func refuseCheckInPrivate() *Refusal {
	return refuse("check_in_private", "Người này đang ở phòng nghị án hoặc đang trao đổi riêng.",
		"This person is in the deliberation room or in a private talk.")
}

func refuseNoCheckDevice() *Refusal {
	return refuse("no_check_device", "Người này không có thiết bị có camera và micro.",
		"This person has no device with camera and microphone.")
}

func refuseCheckDeviceShared() *Refusal {
	return refuse("check_device_shared", "Người ngồi cùng thiết bị chưa xác nhận có mặt hoặc đang ở phòng khác.",
		"Somebody before the same device has not checked in or is in another room.")
}

func refuseNoCheckDesk() *Refusal {
	return refuse("no_check_desk", "Thư ký phiên tòa cần một máy có camera và micro mà không ai khác ngồi cùng.",
		"The clerk needs a desk with camera and microphone that nobody else sits at.")
}

func refuseInCheck() *Refusal {
	return refuse("in_check", "Đang đối chiếu giấy tờ của người này.", "This person's papers are being compared already.")
}

func refuseNoCheck() *Refusal {
	return refuse("no_check", "Không có việc đối chiếu giấy tờ đang diễn ra.", "No comparison of papers is on.")
}
