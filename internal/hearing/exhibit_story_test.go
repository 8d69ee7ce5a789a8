package hearing

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// J2.6: a party's document is shown by leave of the court, all follow its pages, and
// what was shown stands in the log with its digest.
func TestJ2_6ADocumentIsShownByLeaveOfTheCourt(t *testing.T) {
	r := trialRoom(t, nil)
	accused := Actor{Person: "accused", Device: "d-accused"}
	reads := func(who string) []ExhibitView {
		return ViewFor(r.s, Reader{Person: PersonID(who), Device: DeviceID("d-" + who)}).Exhibits
	}
	r.ok(Open{}, judge)
	r.no("not_for_exhibits", offer(1, 4), Actor{Person: "guard", Device: "d-cell"})
	r.no("not_admitted", offer(1, 4), Actor{Person: "witness", Device: "d-witness"})
	r.ok(offer(1, 4), counsellor)
	r.no("exhibit_twice", offer(1, 4), counsellor)
	require.Len(t, reads("judge"), 1)
	require.Len(t, reads("lay"), 1)
	require.Len(t, reads("counsel"), 1)
	for _, other := range []string{"accused", "procurator", "witness", "audience"} {
		require.Empty(t, reads(other), other)
	}
	r.no("exhibit_floor", ShowExhibit{1, 1}, accused)
	r.no("only_holders", AdmitExhibit{1}, counsellor)
	r.no("reason_needed", RefuseExhibit{1, " "}, judge)
	r.no("exhibit_not_admitted", ShowExhibit{1, 1}, judge)
	r.no("unknown_exhibit", AdmitExhibit{2}, judge)
	r.ok(AdmitExhibit{1}, judge)
	r.no("exhibit_decided", RefuseExhibit{1, "muộn"}, judge)
	require.Len(t, reads("accused"), 1)
	require.Empty(t, reads("audience"))

	r.no("exhibit_floor", ShowExhibit{1, 1}, counsellor) // not without the floor
	r.ok(GiveFloor{"counsel"}, judge)
	r.no("exhibit_page", ShowExhibit{1, 5}, counsellor)
	r.ok(ShowExhibit{1, 2}, counsellor)
	r.no("exhibit_page_shown", ShowExhibit{1, 2}, counsellor)
	r.no("exhibit_floor", ShowExhibit{1, 3}, accused)
	r.no("exhibit_floor", StopExhibit{}, accused)
	r.ok(ShowExhibit{1, 3}, judge)
	for _, all := range []string{"judge", "accused", "counsel", "audience"} {
		v := ViewFor(r.s, Reader{Person: PersonID(all), Device: DeviceID("d-" + all)})
		require.Equal(t, 3, v.Showing.Page, all)
		require.Equal(t, all != "audience", v.Exhibits[0].Opens, all)
	}
	require.Nil(t, ViewFor(r.s, Reader{Person: "witness", Device: "d-witness"}).Showing)

	r.ok(offer(2, 1), Actor{Person: "procurator", Device: "d-procurator"})
	r.ok(AdmitExhibit{2}, clerk)
	r.ok(GiveFloor{"procurator"}, judge)
	r.no("exhibit_on", ShowExhibit{2, 1}, Actor{Person: "procurator", Device: "d-procurator"})
	r.ok(ShowExhibit{2, 1}, judge)
	r.ok(Isolate{"accused", ""}, judge)
	require.Empty(t, reads("accused"))
	// A PDF that claims one page may have forty: the public gets no file of it.
	public := reads("audience")
	require.Len(t, public, 1)
	require.Equal(t, public[0].Type != "application/pdf", public[0].Opens)
	r.ok(Recess{}, judge)
	require.Nil(t, r.s.Showing)
	r.no("not_in_session", ShowExhibit{2, 1}, judge)
	r.no("nothing_shown", StopExhibit{}, judge)
}

// What came in behind closed doors stays there; closing and opening them ends the showing.
func TestWhatCameInBehindClosedDoorsIsNotForThePublic(t *testing.T) {
	r := newTrial(t)
	r.trial()
	r.ok(SetVisibility{ClosedDoors, "đời tư"}, judge)
	r.ok(offer(1, 1), defender)
	r.ok(AdmitExhibit{1}, judge)
	r.ok(ShowExhibit{1, 1}, judge)
	r.ok(SetVisibility{Public, ""}, judge)
	require.Nil(t, r.s.Showing)
	r.ok(ShowExhibit{1, 1}, judge)
	require.True(t, r.s.Exhibits[0].Closed)
	require.NotNil(t, r.view(defender).Showing)

	s := crowded(crowdBooking(2, 1))
	s.Exhibits = []ExhibitState{{No: 1, By: "p0", Pages: 1, Status: ExhibitIn, Closed: true}}
	s.Showing = &ShowingState{Exhibit: 1, Page: 1}
	public := ViewFor(s, Reader{Person: "v0", Device: "d-v0"})
	require.Nil(t, public.Showing)
	require.Empty(t, public.Exhibits)
	s.Exhibits[0].Closed = false
	require.NotNil(t, ViewFor(s, Reader{Person: "v0", Device: "d-v0"}).Showing)
}

// Offers are bounded by person and hearing, and who offered may take theirs back.
func TestOffersAreBounded(t *testing.T) {
	r := trialRoom(t, nil)
	for i := range MaxOffers {
		r.ok(offer(i, 1), counsellor)
	}
	r.no("too_many_exhibits", offer(MaxOffers, 1), counsellor)
	r.no("unknown_exhibit", WithdrawExhibit{1}, judge)
	r.ok(WithdrawExhibit{1}, counsellor)
	r.no("exhibit_decided", WithdrawExhibit{1}, counsellor)
	r.ok(RefuseExhibit{2, "không liên quan"}, judge)
	for i := MaxOffers; len(r.s.Exhibits) < MaxExhibits; i++ {
		r.ok(offer(i, 1), counsellor)
		r.ok(WithdrawExhibit{len(r.s.Exhibits)}, counsellor)
	}
	r.no("too_many_exhibits", offer(0xfe, 1), counsellor)
}
