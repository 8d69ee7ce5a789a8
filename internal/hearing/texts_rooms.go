package hearing

import "fmt"

// Refusals about people who are called in.

func refuseCallInstead() *Refusal {
	return refuse("call_instead", "Người này chờ ở phòng cách ly. Chủ tọa mời vào khi cần khai.",
		"This person waits in the isolation room. The presiding judge calls them in.")
}

func refuseNotCalled() *Refusal {
	return refuse("not_called", "Chỉ mời như vậy đối với người làm chứng, người giám định, người định giá.",
		"Only witnesses, experts and valuers are called in and dismissed.")
}

// Refusals about isolation.

func refuseIsolated() *Refusal {
	return refuse("isolated", "Ông/bà đang được cách ly theo yêu cầu của Chủ tọa. Vui lòng chờ.",
		"You are isolated by order of the presiding judge. Please wait.")
}

func refuseIsolatedPerson() *Refusal {
	return refuse("isolated_person", "Người này đang được cách ly.", "This person is isolated.")
}

func refuseNotIsolable() *Refusal {
	return refuse("not_isolable", "Không thể cách ly thành viên Hội đồng xét xử, Thư ký phiên tòa hoặc Kiểm sát viên.",
		"The panel, the clerk and the procurator cannot be isolated.")
}

func refuseAlreadyIsolated() *Refusal {
	return refuse("already_isolated", "Người này đã được cách ly.", "This person is already isolated.")
}

func refuseNotIsolated() *Refusal {
	return refuse("not_isolated", "Người này không bị cách ly.", "This person is not isolated.")
}

func refuseAlreadyLeft() *Refusal {
	return refuse("already_left", "Đã xác nhận người này rời khỏi thiết bị.",
		"It has already been confirmed that this person left the device.")
}

func refuseNothingToBrief() *Refusal {
	return refuse("nothing_to_brief", "Không có nội dung cần thông báo lại cho người này.",
		"There is nothing that this person has to be told.")
}

func refuseOnlyOfficers() *Refusal {
	return refuse("only_officers", "Chỉ cán bộ hỗ trợ điểm cầu và Thư ký phiên tòa được làm việc này.",
		"Only the point's officer and the clerk may do this.")
}

// Refusals about deliberation.

func refuseNotDeliberating() *Refusal {
	return refuse("not_deliberating", "Hội đồng xét xử không nghị án.", "The panel is not deliberating.")
}

func refusePhaseFirst() *Refusal {
	return refuse("phase_first", "Còn phần bắt buộc chưa tiến hành trước khi nghị án.",
		"A mandatory phase before deliberation has not been held.")
}

func refusePhaseAfterDeliberation() *Refusal {
	return refuse("phase_after_deliberation", "Sau nghị án chỉ chuyển sang tuyên án, hoặc trở lại xét hỏi, tranh luận.",
		"After deliberation comes the judgment, or questioning or debate again.")
}

// Refusals about private talks.

func refuseOnlyCounsel() *Refusal {
	return refuse("only_counsel", "Chỉ người bào chữa, luật sư, người bảo vệ quyền và lợi ích hợp pháp đề nghị được việc này.",
		"Only counsel may ask for this.")
}

func refuseConsultSize() *Refusal {
	return refuse("consult_size", fmt.Sprintf("Chọn từ 1 đến %d người để trao đổi riêng.", MaxConsultWith),
		fmt.Sprintf("Choose 1 to %d people for the private talk.", MaxConsultWith))
}

func refuseNotForConsult() *Refusal {
	return refuse("not_for_consult", "Không trao đổi riêng với người này.", "A private talk with this person is not possible.")
}

func refuseConsultTwice() *Refusal {
	return refuse("consult_twice", "Ông/bà đã đề nghị trao đổi riêng.", "You have already asked for a private talk.")
}

func refuseTooManyConsults() *Refusal {
	return refuse("too_many_consults", fmt.Sprintf("Đã có %d cuộc trao đổi riêng. Vui lòng chờ.", MaxConsults),
		fmt.Sprintf("There are %d private talks already. Please wait.", MaxConsults))
}

func refuseUnknownConsult() *Refusal {
	return refuse("unknown_consult", "Không có cuộc trao đổi riêng này.", "There is no such private talk.")
}

func refuseConsultOpen() *Refusal {
	return refuse("consult_open", "Cuộc trao đổi riêng này đang diễn ra.", "This private talk is already on.")
}

func refuseConsultInSession() *Refusal {
	return refuse("consult_in_session", "Chỉ trao đổi riêng khi phiên tòa chưa bắt đầu hoặc đang tạm nghỉ.",
		"A private talk is possible only before the opening or in a break.")
}

func refuseConsultMinutes() *Refusal {
	return refuse("consult_minutes", fmt.Sprintf("Thời gian trao đổi riêng tối đa %d phút.", MaxConsultMinutes),
		fmt.Sprintf("A private talk lasts at most %d minutes.", MaxConsultMinutes))
}

func refuseInOtherConsult() *Refusal {
	return refuse("in_other_consult", "Có người đang trao đổi riêng ở phòng khác.", "Somebody is in another private talk.")
}

// notPrivate is one refusal with three reasons; none names anybody.
func notPrivate(vi, en string) *Refusal {
	return refuse("not_private", fmt.Sprintf("Chưa thể trao đổi riêng: %s.", vi),
		fmt.Sprintf("A private talk is not possible yet: %s.", en))
}

func refuseNoConsultDevice() *Refusal {
	return notPrivate("có người không có camera và micro", "somebody has no camera and microphone")
}

func refuseConsultDeviceNotPrivate() *Refusal {
	return notPrivate("thiết bị của một người chưa được ghi nhận là thiết bị riêng có tai nghe",
		"the device of somebody is not marked as private, with a headset")
}

func refuseConsultDeviceShared() *Refusal {
	return notPrivate("trước thiết bị của một người còn có người khác", "others are in front of the device of somebody")
}
