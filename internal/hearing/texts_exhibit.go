package hearing

import "fmt"

// Refusals about exhibits.

func refuseNotForExhibits() *Refusal {
	return refuse("not_for_exhibits", "Ông/bà không thuộc những người được đề nghị công bố tài liệu.",
		"You are not among those who may ask to have a document shown.")
}

func refuseExhibitType() *Refusal {
	return refuse("exhibit_type", "Chỉ nhận tài liệu dạng PDF, PNG hoặc JPEG.", "Only PDF, PNG and JPEG files are taken.")
}

func refuseExhibitSize() *Refusal {
	return refuse("exhibit_size", fmt.Sprintf("Tài liệu trống hoặc quá lớn (tối đa %d MB).", MaxExhibitBytes>>20),
		fmt.Sprintf("The document is empty or too large (at most %d MB).", MaxExhibitBytes>>20))
}

func refuseExhibitPages() *Refusal {
	return refuse("exhibit_pages", fmt.Sprintf("Tài liệu phải có từ 1 đến %d trang; ảnh chỉ có 1 trang.", MaxExhibitPages),
		fmt.Sprintf("A document has 1 to %d pages; a picture has one.", MaxExhibitPages))
}

func refuseExhibitDigest() *Refusal {
	return refuse("exhibit_digest", "Mã SHA-256 của tài liệu không hợp lệ.", "The SHA-256 of the document is not one.")
}

func refuseExhibitName() *Refusal {
	return refuse("exhibit_name", fmt.Sprintf("Vui lòng ghi tên tài liệu, tối đa %d ký tự.", MaxExhibitName),
		fmt.Sprintf("Please name the document, in at most %d characters.", MaxExhibitName))
}

func refuseExhibitTwice() *Refusal {
	return refuse("exhibit_twice", "Ông/bà đã đề nghị công bố chính tài liệu này.", "You have offered this very document already.")
}

func refuseTooManyExhibits() *Refusal {
	return refuse("too_many_exhibits",
		fmt.Sprintf("Mỗi người có tối đa %d tài liệu đang chờ, mỗi phiên tòa tối đa %d tài liệu.", MaxOffers, MaxExhibits),
		fmt.Sprintf("At most %d documents of one person may wait, and a hearing takes %d.", MaxOffers, MaxExhibits))
}

func refuseUnknownExhibit() *Refusal {
	return refuse("unknown_exhibit", "Không có tài liệu này.", "There is no such document.")
}

func refuseExhibitDecided() *Refusal {
	return refuse("exhibit_decided", "Tài liệu này đã được quyết định hoặc đã được rút lại.",
		"This document was decided about, or taken back.")
}

func refuseExhibitNotAdmitted() *Refusal {
	return refuse("exhibit_not_admitted", "Tài liệu này chưa được Chủ tọa phiên tòa cho công bố.",
		"The presiding judge has not admitted this document.")
}

func refuseExhibitFloor() *Refusal {
	return refuse("exhibit_floor",
		"Chỉ Chủ tọa, Thư ký phiên tòa hoặc người đề nghị công bố tài liệu khi đang được mời phát biểu mới được trình chiếu tài liệu.",
		"Only the presiding judge, the clerk, or who offered the document while they have the floor may show it.")
}

func refuseExhibitOn() *Refusal {
	return refuse("exhibit_on", "Một tài liệu khác đang được trình chiếu.", "Another document is being shown.")
}

func refuseExhibitPage() *Refusal {
	return refuse("exhibit_page", "Tài liệu không có trang này.", "The document has no such page.")
}

func refuseExhibitPageShown() *Refusal {
	return refuse("exhibit_page_shown", "Trang này đang được trình chiếu.", "This page is being shown.")
}

func refuseNothingShown() *Refusal {
	return refuse("nothing_shown", "Không có tài liệu nào đang được trình chiếu.", "No document is being shown.")
}
