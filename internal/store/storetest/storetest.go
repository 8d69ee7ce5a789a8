// Package storetest is the conformance suite of package store. Both databases
// pass it; what it states is what callers may rely on.
package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Opened is one database under test.
type Opened struct {
	A, B store.Store // two nodes, each with its own connections
	Raw  *sql.DB     // past the store, for tampering
	// Disturb breaks the connections of A and B; nil where there are none.
	Disturb func() error
}

const (
	unit    court.UnitID = "unit-hn"
	foreign court.UnitID = "unit-dn"

	long = time.Hour
	// brief is a lease that has run out when the next call looks at it.
	brief = time.Microsecond
)

// Run runs the suite. open returns a fresh, empty database that is closed when
// the test ends.
func Run(t *testing.T, open func(t *testing.T) Opened) {
	for _, c := range []struct {
		name string
		law  func(*testing.T, *fixture)
	}{
		{"AppendKeepsOrderAndChain", appendKeepsOrderAndChain},
		{"RepeatedAppendChangesNothing", repeatedAppendChangesNothing},
		{"OtherLinesAtAPlaceConflict", otherLinesConflict},
		{"AppendIsAllOrNothing", appendIsAllOrNothing},
		{"OldEpochWritesNothing", oldEpochWritesNothing},
		{"FencingHoldsUnderRaces", fencingHoldsUnderRaces},
		{"OneOfManyGetsTheLease", oneOfManyGetsTheLease},
		{"LeaseIsTakenOverAfterExpiry", leaseTakeover},
		{"EpochGrowsWithEachHolder", epochGrows},
		{"ReleasedLeaseFencesItsHolder", releaseFences},
		{"ReadingPagesThroughLongLogs", readingPages},
		{"LinesKeepTheirBytes", linesKeepBytes},
		{"CheckpointsAreInsertOnly", checkpoints},
		{"ForeignUnitIsNotFound", foreignIsNotFound},
		{"NamesAreNFC", namesAreNFC},
		{"HearingIsCreatedOnce", hearingOnce},
		{"HearingsByStart", hearingsByStart},
		{"MetaIsSetOnce", metaOnce},
		{"InvitationExpires", invitationExpires},
		{"RedeemIsUsedOnce", redeemOnce},
		{"RevocationBeatsRedeem", revocationBeatsRedeem},
		{"SessionExpires", sessionExpires},
		{"SessionsAreKept", sessionsAreKept},
		{"SessionsAreRevoked", sessionsRevoked},
		{"RowsOfTheLogsCannotBeChanged", rowsCannotBeChanged},
		{"HandWrittenLinesAreChecked", handWrittenLines},
		{"ArgumentsHaveBounds", argumentsHaveBounds},
		{"CancelledCallerGetsTheReason", cancelledCaller},
		{"ClosedStoreIsUnavailable", closedStore},
		{"AccountsAreKept", accountsAreKept},
		{"UnitsAreKept", unitsAreKept},
		{"ForeignAccountsAreNotFound", foreignAccountsAreNotFound},
		{"DisablingEndsSessions", disablingEndsSessions},
		{"AnothersPasswordRevokesCredentials", anothersPasswordRevokesCredentials},
		{"ProposalsTakeTwo", proposalsTakeTwo},
		{"AccountSessionsEnd", accountSessionsEnd},
		{"CredentialsAreRevokedForGood", credentialsAreRevokedForGood},
		{"RoomDevices", roomDevices},
		{"RoomDevicesAreLent", roomDevicesAreLent},
		{"ImportsAreNoted", importsAreNoted},
		{"ServiceTokens", serviceTokens},
		{"InvitationCodes", invitationCodes},
		{"ChallengesAreTakenOnce", challengesAreTakenOnce},
		{"AdminLogIsAChain", adminLogIsAChain},
		{"AdminLogCannotBeChanged", adminLogCannotBeChanged},
		{"MinutesAreAppended", minutesAreAppended},
		{"MinutesKeepOneOrder", minutesKeepOneOrder},
		{"MinutesDocumentsAreKept", minutesDocuments},
		{"StoredObjectsAreKept", objectsAreKept},
		{"AgreesWithModel", agreesWithModel},
		{"IsLinearizable", isLinearizable},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.law(t, &fixture{Opened: open(t)})
		})
	}
}

// fixture makes rows with ids that no other test of the database uses.
type fixture struct {
	Opened
	n atomic.Uint64
}

func (f *fixture) id(what string) string { return fmt.Sprintf("%s-%d", what, f.n.Add(1)) }

func (f *fixture) hash() (h [32]byte) {
	copy(h[:], fmt.Sprintf("token-%d", f.n.Add(1)))
	return h
}

// hearing creates one of the unit.
func (f *fixture) hearing(t require.TestingT, u court.UnitID) string {
	h := store.Hearing{
		ID: f.id("hearing"), Room: fmt.Sprintf("%032x", f.n.Add(1)), Unit: u,
		DocketNo: "12/2026/HS-ST", Title: "Phiên tòa", StartsAt: int64(f.n.Add(1)),
	}
	require.NoError(t, f.A.CreateHearing(bg(), court.ScopeOf(u), h, nil))
	return h.ID
}

func bg() context.Context { return context.Background() }

func sys() court.Scope { return court.SystemScope() }

func lines(n int, tag string) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = fmt.Appendf(nil, `{"tag":%q,"n":%d}`, tag, i)
	}
	return out
}

// all reads the whole log and checks its chain.
func all(t require.TestingT, s store.Store, hearing string) []store.Line {
	var out []store.Line
	for {
		page, err := s.Read(bg(), sys(), hearing, uint64(len(out))+1, store.MaxReadLines)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		out = append(out, page...)
	}
	require.NoError(t, store.VerifyChain(0, [32]byte{}, out))
	return out
}

func acquire(t require.TestingT, s store.Store, hearing, node string, ttl time.Duration) store.Lease {
	l, err := s.Acquire(bg(), sys(), hearing, node, ttl)
	require.NoError(t, err)
	require.Equal(t, hearing, l.Hearing)
	require.Equal(t, node, l.Node)
	return l
}
