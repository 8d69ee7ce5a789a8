package hearing

import (
	"fmt"
	"strings"
)

// The refusals of preparation, order of business, technical hold and decisions.

// refuseOver is nil while the hearing is not over.
func refuseOver(s Status) *Refusal {
	switch s {
	case Closed:
		return refuseClosed()
	case Adjourned:
		return refuse("adjourned", "Phiên tòa đã được hoãn.", "The hearing was adjourned.")
	case Cancelled:
		return refuse("cancelled", "Phiên tòa đã bị hủy.", "The hearing was cancelled.")
	default:
		return nil
	}
}

func refuseNoProcedure() *Refusal {
	return refuse("no_procedure", "Phiên tòa này không được lập lịch theo một thủ tục tố tụng.",
		"This hearing was not booked with a procedure.")
}

func refuseOnlyClerk() *Refusal {
	return refuse("only_clerk", "Chỉ Thư ký phiên tòa được làm việc này.", "Only the clerk may do this.")
}

func refuseOnlySupport() *Refusal {
	return refuse("only_support", "Chỉ Thư ký phiên tòa và cán bộ hỗ trợ điểm cầu được làm việc này.",
		"Only the clerk and the officers who support a point may do this.")
}

func refuseOfficersDevice() *Refusal {
	return refuse("officers_device", "Cán bộ hỗ trợ điểm cầu làm việc này trên thiết bị chỉ của cán bộ.",
		"An officer does this on a device that only officers of the point sit at.")
}

func refuseOtherPoint() *Refusal {
	return refuse("other_point", "Cán bộ hỗ trợ chỉ làm việc này cho điểm cầu của mình.",
		"An officer does this for their own point only.")
}

func refuseUnknownPoint() *Refusal {
	return refuse("unknown_point", "Điểm cầu này không có trong phiên tòa.", "The hearing has no such point.")
}

func refuseReasonNeeded() *Refusal {
	return refuse("reason_needed", "Cần ghi rõ lý do.", "A reason has to be stated.")
}

// Refusals of preparation.

func refuseOpinionDate() *Refusal {
	return refuse("opinion_date", "Ngày của văn bản ý kiến của Viện kiểm sát không hợp lệ.",
		"The date of the procuracy's opinion is not valid.")
}

func refuseIdentityMethod() *Refusal {
	return refuse("identity_method", "Cần chọn cách đối chiếu giấy tờ.", "Choose how the papers were compared.")
}

func refuseChallenge() *Refusal {
	return refuse("challenge",
		fmt.Sprintf("Người tham gia ngoài trụ sở cần trả lời câu hỏi kiểm tra bằng lời (ghi tối đa %d ký tự).", MaxChallengeRunes),
		fmt.Sprintf("Somebody outside official premises has to answer a spoken challenge (noted in at most %d characters).", MaxChallengeRunes))
}

func refuseTestItems() *Refusal {
	return refuse("test_items", fmt.Sprintf("Kết quả kiểm tra thiết bị không hợp lệ (1 đến %d mục).", MaxTestItems),
		fmt.Sprintf("The test's result is not valid (1 to %d items).", MaxTestItems))
}

func refuseAlreadyReady() *Refusal {
	return refuse("already_ready", "Phiên tòa đã sẵn sàng.", "The hearing is already ready.")
}

func refuseMarkReadyFirst() *Refusal {
	return refuse("mark_ready_first", "Chưa xác nhận đủ điều kiện mở phiên tòa trực tuyến.",
		"The conditions of opening have not been confirmed yet.")
}

// refuseNotReady lists the conditions that do not hold, by their keys.
func refuseNotReady(keys []string) *Refusal {
	vi, en := make([]string, len(keys)), make([]string, len(keys))
	for i, key := range keys {
		vi[i], en[i] = checkTexts(key)
	}
	return refuse("not_ready",
		fmt.Sprintf("Chưa đủ điều kiện mở phiên tòa: %s.", strings.Join(vi, "; ")),
		fmt.Sprintf("The conditions of opening do not hold yet: %s.", strings.Join(en, "; ")))
}

func checkTexts(key string) (vi, en string) {
	switch key {
	case checkOpinion:
		return "chưa có ý kiến đồng ý của Viện kiểm sát", "the procuracy has not agreed"
	case checkNotice:
		return "chưa đủ số ngày chuẩn bị trước ngày mở phiên tòa", "too few days between booking and opening"
	case checkFacilities:
		return "chưa kiểm tra cơ sở vật chất", "the facilities were not checked"
	default:
		return key, key
	}
}

// Refusals of the order of business.

func refuseUnknownPhase() *Refusal {
	return refuse("unknown_phase", "Thủ tục của phiên tòa không có phần này.", "The hearing's procedure has no such phase.")
}

func refuseSamePhase() *Refusal {
	return refuse("same_phase", "Phiên tòa đang ở phần này.", "The hearing is in this phase already.")
}

func refusePhaseBack() *Refusal {
	return refuse("phase_back", "Chỉ trở lại xét hỏi hoặc tranh luận sau khi nghị án.",
		"Going back to questioning or debate is possible after deliberation only.")
}

func refuseDeliberateFirst() *Refusal {
	return refuse("deliberate_first", "Hội đồng xét xử phải nghị án trước khi tuyên án. Hãy dùng Nghị án.",
		"The panel deliberates before the judgment: use Deliberate.")
}

func refuseMandatoryPhase() *Refusal {
	return refuse("mandatory_phase", "Phần bắt buộc chưa được thực hiện. Muốn bỏ qua, Chủ tọa cần ghi rõ lý do.",
		"A mandatory phase was not held. To skip it, the presiding judge has to state a reason.")
}

func refuseUnbriefed() *Refusal {
	return refuse("unbriefed", "Có người vừa hết cách ly chưa được thông báo lại nội dung đã diễn ra.",
		"Somebody back from isolation was not told yet what was said.")
}

func refuseStands() *Refusal {
	return refuse("stands", "Đã mời đứng dậy.", "They have already been asked to stand.")
}

func refuseNobodyStands() *Refusal {
	return refuse("nobody_stands", "Không có ai đang được mời đứng dậy.", "Nobody has been asked to stand.")
}

func refuseSameVisibility() *Refusal {
	return refuse("same_visibility", "Phiên tòa đang được xét xử như vậy.", "The doors are as asked for already.")
}

func refuseMonitoring() *Refusal {
	return refuse("monitoring", "Chọn cho phép, đóng theo dõi trực tuyến, hoặc nêu đơn vị được theo dõi.",
		"Choose to open or end monitoring, or name the units that may follow.")
}

func refuseMonitoringDoors() *Refusal {
	return refuse("monitoring_doors", "Phiên tòa đang xét xử kín: chỉ được cho phép từng đơn vị cụ thể, có lý do.",
		"The doors are closed: only units named with a reason may follow.")
}

func refuseSameMonitoring() *Refusal {
	return refuse("same_monitoring", "Việc theo dõi trực tuyến đang như vậy.", "Monitoring is as asked for already.")
}

func refuseWhileDeliberating() *Refusal {
	return refuse("while_deliberating", "Hội đồng xét xử đang nghị án.", "The panel is deliberating.")
}

// Refusals of the technical hold.

func refuseInHold() *Refusal {
	return refuse("in_hold", "Phiên tòa đang tạm dừng kỹ thuật.", "The hearing is in a technical hold already.")
}

func refuseNoHold() *Refusal {
	return refuse("no_hold", "Không có đề nghị tạm dừng kỹ thuật.", "There is no technical hold.")
}

func refuseReturn() *Refusal {
	return refuse("return", "Không có gì cần xác nhận lại cho người này.", "There is nothing to confirm for this person.")
}

func refuseStillAway() *Refusal {
	return refuse("still_away", "Người này chưa kết nối lại.", "This person is not connected again yet.")
}

func refuseMismatch() *Refusal {
	return refuse("mismatch", "Thư ký phiên tòa đã ghi nhận căn cước của người này không khớp; Thư ký phiên tòa cần đối chiếu lại trước.",
		"The clerk noted that this person's papers do not match; the clerk has to compare them again first.")
}

// refuseStillLost names the points, which are rooms, and nobody.
func refuseStillLost(points []string) *Refusal {
	list := strings.Join(points, "; ")
	return refuse("still_lost", fmt.Sprintf("Điểm cầu chưa kết nối lại ổn định: %s.", list),
		fmt.Sprintf("These points are not connected again yet: %s.", list))
}

func refuseUnconfirmed() *Refusal {
	return refuse("unconfirmed", "Cần xác nhận lại người và hình ảnh, âm thanh của điểm cầu vừa kết nối lại.",
		"Identity, picture and sound of those who returned have to be confirmed first.")
}

// Refusals of decisions.

func refuseSuspended() *Refusal {
	return refuse("suspended", "Phiên tòa đang tạm ngừng. Hãy mở lại để chuẩn bị phần tiếp theo.",
		"The hearing is suspended. Reopen it to prepare its next part.")
}

func refuseNotSuspended() *Refusal {
	return refuse("not_suspended", "Phiên tòa không trong thời gian tạm ngừng.", "The hearing is not suspended.")
}

func refuseReopenDate(days int) *Refusal {
	return refuse("reopen_date",
		fmt.Sprintf("Ngày mở lại phải sau thời điểm này và trong vòng %d ngày.", days),
		fmt.Sprintf("The date has to lie ahead, within %d days.", days))
}

func refuseNothingToAnnounce() *Refusal {
	return refuse("nothing_to_announce", "Phiên tòa không tạm ngừng và không hoãn.", "The hearing is neither suspended nor adjourned.")
}

func refuseAnnounced() *Refusal {
	return refuse("announced", "Điểm cầu này đã được thông báo.", "It was announced at this point already.")
}

func refuseAnnouncedByPanel() *Refusal {
	return refuse("announced_by_panel", "Tại điểm cầu trung tâm, Hội đồng xét xử đã trực tiếp tuyên bố.",
		"At the central point the panel has said it itself.")
}

func refuseAnnouncedLate() *Refusal {
	return refuse("announced_late", "Đã quá thời hạn ghi nhận thông báo; bản ghi phiên tòa đã ghi rõ điểm cầu chưa thông báo.",
		"The time for this is over; the record says that it was not announced at this point.")
}

func refusePresidingWarned() *Refusal {
	return refuse("presiding_warned", "Không thể nhắc nhở Chủ tọa.", "The presiding judge cannot be warned.")
}

func refuseAway() *Refusal {
	return refuse("away", "Đã ghi nhận người này rời vị trí.", "It was noted already that this person left their place.")
}

func refuseNotAway() *Refusal {
	return refuse("not_away", "Người này không rời vị trí.", "This person did not leave their place.")
}
