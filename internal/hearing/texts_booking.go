package hearing

import (
	"fmt"

	"phientoa/internal/court"
)

// The refusals of a booking with a procedure.

func refuseWithoutProcedure() *Refusal {
	return refuse("without_procedure", "Điểm cầu, hình thức và các điều kiện chỉ có khi đã chọn thủ tục tố tụng.",
		"Points, form and conditions belong to a hearing with a procedure.")
}

func refuseProcedure() *Refusal {
	return refuse("procedure", "Thủ tục tố tụng không hợp lệ.", "The procedure is not valid.")
}

func refuseInstance() *Refusal {
	return refuse("instance", "Cấp xét xử không hợp lệ (sơ thẩm hoặc phúc thẩm).", "The instance is not valid (first instance or appeal).")
}

func refuseForm() *Refusal {
	return refuse("form", "Hình thức phiên tòa không hợp lệ.", "The form of the hearing is not valid.")
}

func refuseVisibility() *Refusal {
	return refuse("visibility", "Chọn xét xử công khai hoặc xét xử kín.", "Choose public or closed doors.")
}

func refuseMinutes() *Refusal {
	return refuse("minutes", fmt.Sprintf("Thời lượng dự kiến không hợp lệ (tối đa %d phút).", MaxMinutes),
		fmt.Sprintf("The scheduled length is not valid (at most %d minutes).", MaxMinutes))
}

func refusePolicy() *Refusal {
	return refuse("policy", "Các mức quy định của phiên tòa ngoài giới hạn cho phép.", "Figures of the hearing's policy are out of bounds.")
}

func refuseUnknownExclusion() *Refusal {
	return refuse("exclusion", "Loại trừ xét xử trực tuyến không hợp lệ.", "The kind of exclusion is not known.")
}

func refuseExcludedCase(x court.Exclusion) *Refusal {
	vi, en := exclusionTexts(x)
	return refuse("excluded_case",
		fmt.Sprintf("Vụ án không được xét xử trực tuyến: %s (Nghị quyết 33/2021/QH15, Điều 1).", vi),
		fmt.Sprintf("This case may not be tried online: %s (Resolution 33/2021/QH15, article 1).", en))
}

func exclusionTexts(x court.Exclusion) (vi, en string) {
	switch x {
	case court.ChapterXIII:
		return "tội phạm thuộc Chương XIII Bộ luật Hình sự", "an offence of chapter XIII of the Penal Code"
	case court.ChapterXXVI:
		return "tội phạm thuộc Chương XXVI Bộ luật Hình sự", "an offence of chapter XXVI of the Penal Code"
	default:
		return "vụ án có bí mật nhà nước không được đưa vào hệ thống này, dưới bất kỳ hình thức nào",
			"secrets of the state never come onto this system, in any form"
	}
}

func refusePoint() *Refusal {
	return refuse("point", "Thông tin điểm cầu không hợp lệ hoặc bị trùng.", "A point is not valid or given twice.")
}

func refuseCentralPoint() *Refusal {
	return refuse("central_point", "Phiên tòa phải có đúng một điểm cầu trung tâm.", "A hearing has exactly one central point.")
}

func refuseTooManyPoints(limit int) *Refusal {
	return refuse("too_many_points",
		fmt.Sprintf("Phiên tòa có tối đa %d điểm cầu thành phần (Thông tư liên tịch 05/2021, Điều 4).", limit),
		fmt.Sprintf("A hearing has at most %d component points (Joint Circular 05/2021, article 4).", limit))
}

func refuseInPersonPoints() *Refusal {
	return refuse("in_person_points", "Phiên tòa trực tiếp chỉ có điểm cầu trung tâm.", "A hearing in person has the central point only.")
}

func refusePersonPoint() *Refusal {
	return refuse("person_point", "Có người chưa được xếp vào một điểm cầu của phiên tòa.", "Somebody's point is not one of the hearing's points.")
}

func refuseCentralOnly() *Refusal {
	return refuse("central_only",
		"Hội đồng xét xử, Thư ký và Kiểm sát viên phải ở điểm cầu trung tâm (Thông tư liên tịch 05/2021, Điều 10).",
		"The panel, the clerk and the procurator sit at the central point (Joint Circular 05/2021, article 10).")
}

func refuseProtectedWitness() *Refusal {
	return refuse("protected_witness",
		"Chưa hỗ trợ che hình, biến giọng; không đưa người làm chứng cần bảo vệ vào phiên tòa trực tuyến.",
		"Disguise of picture and voice does not exist yet: a protected witness cannot take part in an online hearing.")
}

func refuseClient() *Refusal {
	return refuse("client", "Người được bào chữa, bảo vệ hoặc phiên dịch không có trong danh sách của phiên tòa.",
		"The person whom somebody acts for is not on the hearing's list.")
}
