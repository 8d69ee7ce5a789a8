package court

// word pairs an identifier with the glossary's word for it (docs/glossary.md).
type word[T comparable] struct {
	of   T
	text string
}

func find[T comparable](words []word[T], of T) string {
	for _, w := range words {
		if w.of == of {
			return w.text
		}
	}
	return ""
}

// Words is the Vietnamese word for the capacity, as it begins a sentence; empty for
// one that the rules do not know.
func (c Capacity) Words() string {
	return find([]word[Capacity]{
		{PresidingJudge, "Thẩm phán chủ tọa phiên tòa"},
		{Judge, "Thẩm phán"},
		{LayAssessor, "Hội thẩm nhân dân"},
		{MilitaryAssessor, "Hội thẩm quân nhân"},
		{Clerk, "Thư ký phiên tòa"},
		{Procurator, "Kiểm sát viên"},
		{DefenceCounsel, "Người bào chữa"},
		{Defendant, "Bị cáo"},
		{Plaintiff, "Nguyên đơn"},
		{Respondent, "Bị đơn"},
		{Victim, "Bị hại"},
		{Witness, "Người làm chứng"},
		{Interpreter, "Người phiên dịch"},
		{DetentionOfficer, "Cán bộ cơ sở giam giữ"},
		{PointOfficer, "Công chức Tòa án hỗ trợ điểm cầu"},
		{CivilClaimant, "Nguyên đơn dân sự"},
		{CivilRespondent, "Bị đơn dân sự"},
		{ClaimantAdmin, "Người khởi kiện"},
		{RespondentAdmin, "Người bị kiện"},
		{RelatedParty, "Người có quyền lợi, nghĩa vụ liên quan"},
		{Lawyer, "Luật sư"},
		{LegalAidOfficer, "Trợ giúp viên pháp lý"},
		{RightsProtector, "Người bảo vệ quyền và lợi ích hợp pháp"},
		{LegalRepresentative, "Người đại diện hợp pháp"},
		{AuthorisedRep, "Người đại diện theo ủy quyền"},
		{ProtectedWitness, "Người làm chứng được bảo vệ"},
		{Expert, "Người giám định"},
		{Valuer, "Người định giá"},
		{SignInterpreter, "Người dịch ngôn ngữ ký hiệu"},
		{JudicialPolice, "Cảnh sát hỗ trợ tư pháp"},
		{Journalist, "Nhà báo"},
		{Attendee, "Người tham dự"},
	}, c)
}

// PhaseWords is the Vietnamese name of a phase of the procedure, as it begins a sentence
// (BLTTHS art. 300-329); empty for one that the rules do not know.
func (p Procedure) PhaseWords(of Phase) string {
	if of == Questioning && p != Criminal {
		return "Trình bày, hỏi"
	}
	return find([]word[Phase]{
		{Formalities, "Thủ tục bắt đầu phiên tòa"},
		{IndictmentReading, "Công bố cáo trạng"},
		{Dialogue, "Đối thoại"},
		{Questioning, "Xét hỏi"},
		{EvidenceReview, "Công bố, xem xét vật chứng, tài liệu"},
		{Debate, "Tranh luận"},
		{ProcuratorOpinion, "Phát biểu của Kiểm sát viên"},
		{LastWords, "Lời nói sau cùng của bị cáo"},
		{Deliberation, "Nghị án"},
		{Pronouncement, "Tuyên án"},
	}, of)
}
