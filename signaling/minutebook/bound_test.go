package minutebook_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/signaling/minutebook"
)

func (w *world) note(what string) store.AdminEntry {
	return store.AdminEntry{At: w.now(), Actor: "system", Unit: unit, What: what}
}

// register enters a certificate of the authority's directory for an account.
func (w *world) register(account, file string) (id string) {
	b, err := os.ReadFile(filepath.Join(w.root.Dir, file+".pem"))
	require.NoError(w.t, err)
	block, _ := pem.Decode(b)
	c, err := x509.ParseCertificate(block.Bytes)
	require.NoError(w.t, err)
	id = "cred-" + account + "-" + file
	require.NoError(w.t, w.st.PutCredential(w.t.Context(), court.SystemScope(), store.Credential{
		ID: id, Account: account, Kind: "certificate", Handle: auth.KeyHandle(c), Data: c.Raw, Created: w.now(),
	}, w.note("credential.added")))
	return id
}

func (w *world) accounts(ids ...string) {
	for _, id := range ids {
		require.NoError(w.t, w.st.CreateAccount(w.t.Context(), court.SystemScope(), store.Account{
			ID: id, Unit: unit, Login: id, Name: id, Roles: []store.Role{store.RoleClerk}, Created: w.now(),
		}, w.note("account.created")))
	}
}

// A signature is of whoever registered the certificate, whatever name stands in it; a
// namesake's is refused as soon as the signer has registered their own.
func TestASignatureIsOfWhoRegisteredTheCertificate(t *testing.T) {
	w := newWorld(t)
	w.accounts("acc-presiding_judge", "acc-clerk", "acc-else")
	w.hold()
	w.end()
	clerk := by(court.Clerk)
	w.ok(clerk, "/proposal", minutebook.Empty{})
	doc := w.file(clerk, w.read(clerk).Waiting.SHA256)
	judge := w.root.Person(t, "judge", "TAM PHAN KHONG DAU", "ec") // no name of this hearing
	namesake := w.root.Person(t, "namesake", "Nguyễn Văn Ước", "ec")
	other := w.root.Person(t, "other", "Trần Thị Bưởi", "ec")

	w.refused(clerk, "/signed", w.signed(doc, judge), "signer_unknown")
	id := w.register("acc-presiding_judge", "judge")
	w.refused(clerk, "/signed", w.signed(doc, namesake), "other_certificate")
	w.register("acc-else", "other")
	w.refused(clerk, "/signed", w.signed(doc, other), "signer_unknown") // it is somebody else's, and the clerk's name in it
	one := w.signed(doc, judge)
	w.ok(clerk, "/signed", one)
	signers := w.read(clerk).Waiting.Signers
	require.Len(t, signers, 1)
	require.Equal(t, "presiding_judge", signers[0].Capacity)
	require.True(t, signers[0].Bound)

	// The clerk has registered none: the name is all there is, and the record says so.
	mine := w.root.Person(t, "mine", "Trần Thị Bưởi", "ec")
	w.ok(clerk, "/signed", w.signed(one, mine))
	final := w.read(clerk).Finals[0]
	require.True(t, final.Signers[0].Bound)
	require.False(t, final.Signers[1].Bound)

	// A revoked certificate signs nothing more.
	require.NoError(t, w.st.RevokeCredential(t.Context(), court.SystemScope(), id, w.note("credential.revoked")))
	w.ok(by(court.Procurator), "/requests", minutebook.RequestBody{Text: "Sửa."})
	w.ok(clerk, "/requests/"+number(w.read(clerk).Requests[0].ID)+"/answer", minutebook.AnswerBody{Text: "Không."})
	w.ok(clerk, "/proposal", minutebook.Empty{})
	doc = w.file(clerk, w.read(clerk).Waiting.SHA256)
	w.refused(clerk, "/signed", w.signed(doc, judge), "signer_unknown")
	w.refused(clerk, "/signed", w.signed(doc, namesake), "other_certificate") // nor does the name alone, until another is registered
}

// What was heard behind closed doors is for the hearing's people, its chief judge, and
// for whom a permission names closed doors: no other clerk of the court reads it.
func TestMinutesOfClosedHearings(t *testing.T) {
	for _, closed := range []bool{false, true} {
		w := newWorld(t)
		w.hold()
		if closed {
			w.give(court.PresidingJudge, hearing.SetVisibility{To: hearing.ClosedDoors, Reason: "Bí mật đời tư"})
			w.give(court.PresidingJudge, hearing.SetVisibility{To: hearing.Public})
		}
		w.end()
		w.ok(by(court.Clerk), "/proposal", minutebook.Empty{})
		sha := w.read(by(court.Clerk)).Waiting.SHA256
		colleague := who{account: "colleague", unit: unit, roles: []store.Role{store.RoleClerk}}
		callers := map[string]struct {
			who
			open, closed bool
		}{
			"clerk of the hearing": {by(court.Clerk), true, true},
			"counsel":              {at(court.DefenceCounsel), true, true},
			"lay assessor":         {by(court.LayAssessor), true, true},
			"chief judge":          {who{account: "x", unit: unit, roles: []store.Role{store.RoleChiefJudge}}, true, true},
			"clerk of the court":   {colleague, true, false},
			"clerk elsewhere":      {who{account: "y", unit: other, roles: []store.Role{store.RoleClerk}}, false, false},
			"witness":              {at(court.Witness), false, false},
			"public":               {at(court.Attendee), false, false},
		}
		sweep := func() {
			for name, c := range callers {
				may := c.open && !closed || c.closed && closed
				for _, path := range []string{"", "/documents/" + sha} {
					code := w.do(c.who, http.MethodGet, path, nil).Code
					require.Equal(t, may, code == http.StatusOK, "closed %v: %s %q: %d", closed, name, path, code)
				}
			}
		}
		sweep()
		if !closed {
			continue
		}
		for i, names := range []bool{false, true} { // the second permission names closed doors
			id := []string{"r1", "r2"}[i]
			require.NoError(t, w.st.PutArchiveRequest(t.Context(), court.SystemScope(), store.ArchiveRequest{
				ID: id, Hearing: "h1", Account: "colleague", Purpose: "Phúc thẩm", Closed: names, At: w.now(),
			}, w.note("archive.asked")))
			by := w.note("archive.granted")
			by.Actor, by.At = "chief", time.Now()
			_, err := w.st.SettleArchiveRequest(t.Context(), court.SystemScope(), id, store.ArchiveDecision{
				Outcome: store.Granted, Until: time.Now().Add(time.Hour), Closed: names,
			}, by)
			require.NoError(t, err)
			require.Equal(t, names, w.do(colleague, http.MethodGet, "", nil).Code == http.StatusOK)
		}
		require.Equal(t, http.StatusNotFound, w.do(colleague, http.MethodGet, "/preview", nil).Code)
	}
}

// Final gives what a sealed copy carries: the lines of the head, byte for byte.
func TestFinalDocumentsAreGivenWhole(t *testing.T) {
	w := newWorld(t)
	w.hold()
	w.end()
	clerk := by(court.Clerk)
	w.ok(clerk, "/proposal", minutebook.Empty{})
	doc := w.file(clerk, w.read(clerk).Waiting.SHA256)
	signed := w.signed(w.signed(doc, w.root.Person(t, "j", "Nguyễn Văn Ước", "ec")), w.root.Person(t, "c", "Trần Thị Bưởi", "ec"))
	book, ok := w.book.(*minutebook.Book)
	require.True(t, ok)
	sum := sum256(signed)
	_, err := book.Final(t.Context(), "h1", sum)
	require.ErrorIs(t, err, minutebook.ErrNotFinal)
	w.ok(clerk, "/signed", signed)
	f, err := book.Final(t.Context(), "h1", sum)
	require.NoError(t, err)
	require.Equal(t, signed, f.File)
	require.Equal(t, int64(len(doc)), f.Given)
	require.Empty(t, f.Follows)
	head := f.Before
	for line := range bytes.Lines(f.Lines) {
		head = sum256(append(head[:], bytes.TrimSuffix(line, []byte("\n"))...))
	}
	require.Equal(t, f.Document.Head, hexOf(head))
}

func sum256(b []byte) [32]byte { return sha256.Sum256(b) }

func hexOf(b [32]byte) string { return hex.EncodeToString(b[:]) }
