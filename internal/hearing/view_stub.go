package hearing

import (
	"slices"

	"phientoa/internal/court"
)

// This file stands in for what the course of the hearing brings (prep.go, order.go,
// texts.go of the same work) and is deleted when that is merged.

const standingAll = "all"

func (s *State) checks() []CheckView { return nil }

func (s *State) enterPhase(p court.Phase, _ string, at int64) {
	s.Phase = p
	s.Phases = append(slices.Clip(s.Phases), PhaseState{Phase: p, At: at})
	s.Standing = ""
	if p == court.Pronouncement {
		s.Standing = standingAll
	}
}

func refuseUnbriefed() *Refusal {
	return refuse("unbriefed", "Cần thông báo lại nội dung cho người vừa hết cách ly trước khi chuyển phần.",
		"Somebody is back from isolation and has to be told what was said before the hearing goes on.")
}

func refuseOtherPoint() *Refusal {
	return refuse("other_point", "Người này không thuộc điểm cầu của ông/bà.", "This person is not at your point.")
}

func refuseWhileDeliberating() *Refusal {
	return refuse("while_deliberating", "Hội đồng xét xử đang nghị án.", "The panel is deliberating.")
}
