package archives

import (
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
)

// A copy is for a side of the case, and never for the bench, who testifies, who serves
// the hearing or who looks on; nor for a capacity that nobody has thought of.
func TestWhoGetsACopy(t *testing.T) {
	for _, c := range []court.Capacity{
		court.Procurator, court.Defendant, court.Victim, court.CivilClaimant, court.CivilRespondent, court.Plaintiff, court.Respondent,
		court.ClaimantAdmin, court.RespondentAdmin, court.RelatedParty, court.DefenceCounsel, court.Lawyer, court.LegalAidOfficer,
		court.RightsProtector, court.LegalRepresentative, court.AuthorisedRep,
	} {
		require.True(t, Recipient(c), c)
	}
	for _, c := range []court.Capacity{
		court.PresidingJudge, court.Judge, court.LayAssessor, court.MilitaryAssessor, court.Clerk, court.Witness, court.ProtectedWitness,
		court.Expert, court.Valuer, court.Interpreter, court.SignInterpreter, court.DetentionOfficer, court.PointOfficer, court.JudicialPolice,
		court.Journalist, court.Attendee, "", "somebody",
	} {
		require.False(t, Recipient(c), c)
	}
}
