package hearing

import "fmt"

// The refusals of the rules. Codes are stable; texts are for people, in the
// words of docs/glossary.md, and never name anybody.

func refuse(code, vi, en string) *Refusal { return &Refusal{Code: code, Vi: vi, En: en} }

// Refusals about the command or who gives it.

func refuseUnknownCommand() *Refusal {
	return refuse("unknown_command", "Hệ thống không hiểu yêu cầu này.", "The system does not know this request.")
}

func refuseNotBooked() *Refusal {
	return refuse("not_booked", "Phiên tòa chưa được lập lịch.", "The hearing has not been booked.")
}

func refuseAlreadyBooked() *Refusal {
	return refuse("already_booked", "Phiên tòa đã được lập lịch.", "The hearing has already been booked.")
}

func refuseBooking(why error) *Refusal {
	return refuse("booking",
		fmt.Sprintf("Thông tin lập lịch phiên tòa chưa hợp lệ: %v.", why),
		fmt.Sprintf("The booking is not valid: %v.", why))
}

func refuseSystemOnly() *Refusal {
	return refuse("system_only", "Thao tác này chỉ do hệ thống thực hiện.", "Only the system itself does this.")
}

func refuseReport() *Refusal {
	return refuse("report", "Báo cáo của hệ thống không hợp lệ.", "The system's report is not valid.")
}

func refuseStaleEpoch() *Refusal {
	return refuse("stale_epoch", "Máy chủ khác đang phục vụ phiên tòa này.", "Another server holds this hearing.")
}

func refuseUnknownDevice() *Refusal {
	return refuse("unknown_device", "Thiết bị không thuộc phiên tòa này.", "The device does not belong to this hearing.")
}

func refuseNotSeated() *Refusal {
	return refuse("not_seated", "Ông/bà không tham gia phiên tòa này trên thiết bị này.",
		"You do not take part in this hearing on this device.")
}

func refuseViewer() *Refusal {
	return refuse("viewer", "Thiết bị này chỉ dùng để theo dõi.", "This device is for watching only.")
}

func refuseClosed() *Refusal {
	return refuse("closed", "Phiên tòa đã kết thúc.", "The hearing is over.")
}

func refuseRemoved() *Refusal {
	return refuse("removed", "Ông/bà đã được mời ra khỏi phiên tòa. Chỉ Chủ tọa cho phép vào lại.",
		"You were asked to leave the hearing. Only the presiding judge can let you in again.")
}

func refuseNotAdmitted() *Refusal {
	return refuse("not_admitted", "Ông/bà chưa được cho vào phòng xử án. Vui lòng chờ.",
		"You have not been admitted to the courtroom yet. Please wait.")
}

func refuseCheckInFirst() *Refusal {
	return refuse("check_in_first", "Ông/bà cần xác nhận có mặt và đồng ý nội quy phiên tòa trước.",
		"Please check in and accept the rules of conduct first.")
}

func refuseDeviceBlocked() *Refusal {
	return refuse("device_blocked", "Trước thiết bị này còn người chưa được cho vào phòng xử án.",
		"Somebody in front of this device has not been admitted to the courtroom.")
}

func refuseOnlyPresiding() *Refusal {
	return refuse("only_presiding", "Chỉ Chủ tọa phiên tòa được làm việc này.", "Only the presiding judge may do this.")
}

func refuseOnlyHolders() *Refusal {
	return refuse("only_holders", "Chỉ Chủ tọa và Thư ký phiên tòa được làm việc này.",
		"Only the presiding judge and the clerk may do this.")
}

func refuseText() *Refusal {
	return refuse("text", fmt.Sprintf("Nội dung quá dài (tối đa %d ký tự) hoặc có ký tự không hợp lệ.", MaxTextRunes),
		fmt.Sprintf("The text is too long (at most %d characters) or has characters that are not allowed.", MaxTextRunes))
}

// Refusals about attendance.

func refuseUnknownPerson() *Refusal {
	return refuse("unknown_person", "Người này không có trong danh sách của phiên tòa.",
		"This person is not on the hearing's list.")
}

func refuseRules() *Refusal {
	return refuse("rules", "Ông/bà cần đồng ý nội quy phiên tòa.", "Please accept the rules of conduct.")
}

func refuseAlreadyCheckedIn() *Refusal {
	return refuse("already_checked_in", "Ông/bà đã xác nhận có mặt.", "You have already checked in.")
}

func refuseNotCheckedIn() *Refusal {
	return refuse("not_checked_in", "Người này chưa xác nhận có mặt.", "This person has not checked in.")
}

func refuseAlreadyInCourtroom() *Refusal {
	return refuse("already_in_courtroom", "Người này đã ở trong phòng xử án.", "This person is already in the courtroom.")
}

func refuseNotInCourtroom() *Refusal {
	return refuse("not_in_courtroom", "Người này không ở trong phòng xử án.", "This person is not in the courtroom.")
}

func refuseReadmission() *Refusal {
	return refuse("readmission", "Người này đã được mời ra khỏi phiên tòa. Chỉ Chủ tọa được cho vào lại.",
		"This person was removed. Only the presiding judge may admit them again.")
}

func refusePresidingStays() *Refusal {
	return refuse("presiding_stays", "Không thể mời Chủ tọa ra khỏi phiên tòa.", "The presiding judge cannot be removed.")
}

func refuseTrialStays() *Refusal {
	return refuse("trial_stays", "Không thể mời thành viên Hội đồng xét xử, Kiểm sát viên hoặc Thư ký phiên tòa ra khỏi phiên tòa.",
		"The panel, the procurator and the clerk cannot be removed.")
}

func refuseAlreadyRemoved() *Refusal {
	return refuse("already_removed", "Người này đã được mời ra khỏi phiên tòa.", "This person has already been removed.")
}

func refuseSharesPresiding() *Refusal {
	return refuse("shares_presiding", "Người này dùng chung thiết bị với Chủ tọa; thao tác này sẽ cắt cả Chủ tọa.",
		"This person shares the presiding judge's device; this would cut off the presiding judge.")
}

func refuseSharesTrial() *Refusal {
	return refuse("shares_trial", "Người này dùng chung thiết bị với thành viên Hội đồng xét xử, Kiểm sát viên hoặc Thư ký phiên tòa; thao tác này sẽ cắt cả những người đó.",
		"This person shares a device with the panel, the procurator or the clerk; this would cut them off too.")
}

// Refusals about the course of the hearing.

func refuseNotInSession() *Refusal {
	return refuse("not_in_session", "Chỉ thực hiện được khi phiên tòa đang diễn ra.", "This is possible only while the hearing is in session.")
}

func refuseNotInRecess() *Refusal {
	return refuse("not_in_recess", "Phiên tòa không trong thời gian tạm nghỉ.", "The hearing is not in recess.")
}

func refuseAlreadyOpened() *Refusal {
	return refuse("already_opened", "Phiên tòa đã bắt đầu.", "The hearing has already been opened.")
}

func refuseNotOpened() *Refusal {
	return refuse("not_opened", "Phiên tòa chưa bắt đầu.", "The hearing has not been opened.")
}

func refuseNotRecording() *Refusal {
	return refuse("not_recording", "Chưa ghi âm, ghi hình được. Muốn bắt đầu phiên tòa, Chủ tọa cần ghi rõ lý do.",
		"Recording is not running. To open the hearing all the same, the presiding judge has to state a reason.")
}

// Refusals about floor, hands and locks.

func refusePresidingSpeaks() *Refusal {
	return refuse("presiding_speaks", "Micro của Chủ tọa luôn mở khi phiên tòa đang diễn ra.",
		"The presiding judge's microphone is always open in session.")
}

func refuseHasFloor() *Refusal {
	return refuse("has_floor", "Người này đang phát biểu.", "This person has the floor.")
}

func refuseNoFloor() *Refusal {
	return refuse("no_floor", "Người này không đang phát biểu.", "This person does not have the floor.")
}

func refuseHandIsUp() *Refusal {
	return refuse("hand_is_up", "Ông/bà đã xin phát biểu. Chờ Chủ tọa mời.",
		"You have already asked to speak. Please wait for the presiding judge.")
}

func refuseNoHand() *Refusal {
	return refuse("no_hand", "Người này không xin phát biểu.", "This person is not asking to speak.")
}

func refuseNoMicrophone() *Refusal {
	return refuse("no_microphone", "Người này không có micro trong phiên tòa.", "This person has no microphone in the hearing.")
}

func refuseLocked() *Refusal {
	return refuse("locked", "Micro của người này đang bị khóa. Hãy mở khóa micro trước khi mời phát biểu.",
		"This person's microphone is locked. Unlock it before giving the floor.")
}

func refuseNeighbourLocked() *Refusal {
	return refuse("neighbour_locked", "Micro này đang bị khóa vì một người khác dùng chung thiết bị.",
		"This microphone is locked because of another person in front of the same device.")
}

func refuseNeighbourNotAdmitted() *Refusal {
	return refuse("neighbour_not_admitted", "Một người dùng chung thiết bị chưa được cho vào phòng xử án.",
		"Somebody in front of the same device has not been admitted to the courtroom.")
}

func refusePresidingLock() *Refusal {
	return refuse("presiding_lock", "Không thể khóa micro của Chủ tọa.", "The presiding judge's microphone cannot be locked.")
}

func refuseAlreadyLocked() *Refusal {
	return refuse("already_locked", "Micro của người này đã bị khóa.", "This person's microphone is already locked.")
}

func refuseNotLocked() *Refusal {
	return refuse("not_locked", "Micro của người này không bị khóa.", "This person's microphone is not locked.")
}

func refuseOthersLock() *Refusal {
	return refuse("others_lock", "Chủ tọa đã khóa micro này; chỉ Chủ tọa mở được.",
		"The presiding judge locked this microphone; only the presiding judge can unlock it.")
}
