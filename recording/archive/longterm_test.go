//go:build !verifier

package archive

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/asic"
	"phientoa/internal/cades"
	"phientoa/internal/ledger"
	"phientoa/internal/revocation"
	"phientoa/internal/tsa"
)

// stampers is a timestamp authority with a root of its own, at a time.
type stampers struct {
	Signer // of the node, for what else is asked
	*authority
	tsa *tsa.Authority
	// listed is when the list of revoked certificates was made; zero: when it is asked.
	listed  time.Time
	revoked []x509.RevocationListEntry
}

// newStampers begins one whose certificates hold for so many years.
func newStampers(t testing.TB, node Signer, name string, at time.Time, years int) *stampers {
	a := newAuthorityFor(t, at, years)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	require.NoError(t, err)
	cert := a.issue(key.Public(), &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}},
	})
	return &stampers{Signer: node, authority: a, tsa: &tsa.Authority{Key: key, Certificate: cert, Now: func() time.Time { return a.now }, Rand: rand.Reader}}
}

func (s *stampers) Stamp(_ context.Context, imprint [sha256.Size]byte) ([]byte, error) {
	return s.tsa.Stamp(imprint, nil)
}

func (s *stampers) Lists(ctx context.Context, certs []*x509.Certificate) (out [][]byte, err error) {
	out, err = s.Signer.Lists(ctx, certs)
	at := s.listed
	if at.IsZero() {
		at = s.now
	}
	l, _ := cades.ParseList(s.list(at, s.revoked...))
	if revocation.IssuedTo(l, certs) {
		out = append(out, l.Raw)
	}
	return out, err
}

// drill is a part sealed today and renewed in years 9 and 18.
type drill struct {
	*court
	path   string
	second *stampers // of year 9
	third  *stampers // of year 18
	// files as they were after no, one and two renewals.
	files [3][]byte
}

func newDrill(t *testing.T) *drill {
	d := &drill{court: newCourt(t)}
	ctx := context.Background()
	d.path, _ = d.sealed(t, 60)
	d.second = newStampers(t, d.sealer, "Authority of year 9", d.year(9), 10)
	d.third = newStampers(t, d.sealer, "Authority of year 18", d.year(18), 10)
	for i, s := range []*stampers{d.second, d.third} {
		d.files[i] = d.read(t)
		done, err := Renew(ctx, d.path, s, time.Second, Pace{})
		require.NoError(t, err)
		require.True(t, done.Changed)
		require.Equal(t, i+1, done.State.Archived)
		require.True(t, done.State.LongTerm)
		require.Equal(t, s.tsa.Certificate.NotAfter, done.State.Ends)
		require.Equal(t, sha256.Sum256(d.read(t)), done.SHA256)
	}
	d.files[2] = d.read(t)
	return d
}

func (d *drill) year(n int) time.Time { return d.now.AddDate(n, 0, 0) }

func (d *drill) read(t *testing.T) []byte {
	b, err := os.ReadFile(d.path)
	require.NoError(t, err)
	return b
}

// in verifies with the clock some years on, trusting every authority.
func (d *drill) in(years int, b []byte) Report {
	o := d.options()
	o.Roots.AddCert(d.second.cert)
	o.Roots.AddCert(d.third.cert)
	o.Now = d.year(years)
	return verifyBytes(b, o)
}

// Sealed today, renewed in years 9 and 18, verified in year 20: every certificate of
// the first twenty years has ended, and the file is as good as on the first day.
func TestTwentyYears(t *testing.T) {
	d := newDrill(t)
	for renewals, holds := range [][]int{{1, 9}, {10, 18}, {19, 20, 27}} {
		for _, years := range holds {
			r := d.in(years, d.files[renewals])
			require.Equal(t, 0, r.ExitCode(), "%d renewals, year %d: %s", renewals, years, r.Text("en"))
		}
	}
	r := d.in(20, d.files[2])
	require.Equal(t, "LTA", r.Container.Seal.Level)
	require.Len(t, r.Container.Archive, 2)
	require.Equal(t, []string{"META-INF/ASiCArchiveManifest001.xml", "META-INF/timestamp001.tst"}, []string{r.Container.Archive[0].Manifest, r.Container.Archive[0].Token})
	require.Equal(t, []string{asic.ArchiveManifestName, "META-INF/timestamp002.tst"}, []string{r.Container.Archive[1].Manifest, r.Container.Archive[1].Token})
	require.Contains(t, r.Text("vi"), "Dấu thời gian lưu trữ META-INF/timestamp002.tst: ")

	// Without the renewals it says which certificate ended when.
	for renewals, want := range []struct {
		years int
		name  string
		at    time.Time
	}{{11, d.id.TSACertificate.Subject.CommonName, d.id.TSACertificate.NotAfter}, {20, "Authority of year 9", d.second.tsa.Certificate.NotAfter}, {29, "Authority of year 18", d.third.tsa.Certificate.NotAfter}} {
		r := d.in(want.years, d.files[renewals])
		require.Equal(t, 3, r.ExitCode(), r.Text("en"))
		require.True(t, strings.HasPrefix(r.Text("vi"), "Toàn vẹn; có chứng thư đã hết hạn"), r.Text("vi"))
		require.Contains(t, r.Text("vi"), "chứng thư "+want.name+" đã hết hạn lúc "+clock(want.at))
		require.Contains(t, r.Text("en"), "certificate "+want.name+" ended at "+clock(want.at))
		ended := r.Container.Seal.Timestamp.Ended
		if renewals > 0 {
			ended = r.Container.Archive[renewals-1].Ended
		}
		require.Equal(t, &Ended{want.name, want.at}, ended)
	}
	// A root of the chain that is not known is no proof either.
	o := d.options()
	o.Roots.AddCert(d.third.cert)
	o.Now = d.year(20)
	require.Equal(t, 3, verifyBytes(d.files[2], o).ExitCode())
}

// What was sealed and stamped stays byte for byte under its name, but for the list
// that the standard renames; and every file in front is covered.
func TestARenewalTouchesNothing(t *testing.T) {
	d := newDrill(t)
	unpack := func(b []byte) *forger {
		path := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(path, b, 0o600))
		return open(t, path)
	}
	first, second, third := unpack(d.files[0]), unpack(d.files[1]), unpack(d.files[2])
	for name, b := range first.files {
		require.Equal(t, b, second.files[name], name)
		require.Equal(t, b, third.files[name], name)
	}
	require.Equal(t, second.files[asic.ArchiveManifestName], third.files["META-INF/ASiCArchiveManifest001.xml"])
	require.Equal(t, second.files["META-INF/timestamp001.tst"], third.files["META-INF/timestamp001.tst"])
	m, err := asic.ParseArchiveManifest(third.files[asic.ArchiveManifestName])
	require.NoError(t, err)
	require.Equal(t, "META-INF/ASiCArchiveManifest001.xml", m.Previous)
	require.Len(t, m.Files, len(third.names)-2, "everything but itself and its token")
}

// Each piece changed or taken away is found and named, in year 20.
func TestEveryPieceOfTheChainCounts(t *testing.T) {
	d := newDrill(t)
	clean := open(t, d.path)
	require.Equal(t, 0, d.in(20, clean.pack()).ExitCode())
	for _, name := range clean.names {
		f := clean.clone()
		f.files[name][len(f.files[name])-20] ^= 1
		r := d.in(20, f.pack())
		require.Equal(t, 1, r.ExitCode(), "%s changed: %s", name, r.Text("en"))
		require.True(t, r.names(name), "%s changed: %s", name, r.Text("en"))
		f = clean.clone()
		f.remove(name)
		r = d.in(20, f.pack())
		require.Equal(t, 1, r.ExitCode(), "%s removed: %s", name, r.Text("en"))
		require.True(t, r.names(name), "%s removed: %s", name, r.Text("en"))
	}
	// Taken back to what it was before the last renewal it is whole, and too old.
	require.Equal(t, 3, d.in(20, d.files[1]).ExitCode())
}

func (r Report) names(entry string) bool {
	for _, d := range r.Container.Damages {
		if d.Entry == entry {
			return true
		}
	}
	return false
}

// Bits of the last list and its token, which no other covers: a change is found in
// year 20.
func TestBitsOfTheChainCount(t *testing.T) {
	d := newDrill(t)
	clean := open(t, d.path)
	for _, name := range []string{"META-INF/timestamp002.tst", asic.ArchiveManifestName} {
		for i := 0; i < len(clean.files[name]); i += 11 {
			bit := byte(1) << (i % 8)
			f := clean.clone()
			f.files[name][i] ^= bit
			require.NotEqual(t, 0, d.in(20, f.pack()).ExitCode(), "%s: byte %d", name, i)
		}
	}
}

// Tokens and lists that are sound and of something else.
func TestForeignPiecesOfTheChain(t *testing.T) {
	d := newDrill(t)
	clean := open(t, d.path)
	stranger := newStampers(t, d.sealer, "Stranger", d.now, 10)
	add := func(name string, list []byte) func(f *forger) {
		return func(f *forger) {
			var err error
			f.files[name], err = cades.AddLists(f.files[name], list)
			require.NoError(t, err)
		}
	}
	for what, step := range map[string]struct {
		change      func(f *forger)
		entry, code string
	}{
		"a token of another list": {func(f *forger) {
			f.files["META-INF/timestamp002.tst"] = f.files["META-INF/timestamp001.tst"]
		}, "META-INF/timestamp002.tst", DamageTimestamp},
		"tokens exchanged with their lists": {func(f *forger) {
			one, two := "META-INF/ASiCArchiveManifest001.xml", asic.ArchiveManifestName
			f.files[one], f.files[two] = f.files[two], f.files[one]
			one, two = "META-INF/timestamp001.tst", "META-INF/timestamp002.tst"
			f.files[one], f.files[two] = f.files[two], f.files[one]
		}, asic.ArchiveManifestName, DamageManifest},
		"a revocation list of a stranger":          {add("META-INF/timestamp002.tst", withName(t, "Stranger", d.year(18))), "META-INF/timestamp002.tst", DamageList},
		"a list in the seal that was stamped over": {add(asic.SignatureName, namesakeOf(t, d.id.CA, d.now)), asic.SignatureName, DamageDigest},
	} {
		f := clean.clone()
		step.change(f)
		r := d.in(20, f.pack())
		require.Equal(t, 1, r.ExitCode(), "%s: %s", what, r.Text("en"))
		require.True(t, r.names(step.entry), "%s: %s", what, r.Text("en"))
	}
	// A renewal by somebody unknown proves nothing.
	require.NoError(t, os.Chmod(d.path, 0o600))
	require.NoError(t, os.WriteFile(d.path, d.files[0], 0o600))
	stranger.authority.now = d.now.AddDate(9, 0, 0)
	_, err := Renew(context.Background(), d.path, stranger, time.Second, Pace{})
	require.ErrorIs(t, err, ErrNoLonger, "its certificate ends when the first does")
}

// withName is a list of an authority of a name that issued nothing here.
func withName(t *testing.T, name string, at time.Time) []byte {
	return namesakeOf(t, &x509.Certificate{RawSubject: rawName(t, name)}, at)
}

func rawName(t *testing.T, name string) []byte {
	der, err := asn1.Marshal(pkix.Name{CommonName: name}.ToRDNSequence())
	require.NoError(t, err)
	return der
}

// namesakeOf is a list of another key under an authority's name.
func namesakeOf(t *testing.T, ca *x509.Certificate, at time.Time) []byte {
	a := newAuthorityFor(t, at, 10)
	a.cert.RawSubject = ca.RawSubject
	return a.list(at)
}

// Revoked before the seal: not trusted; revoked afterwards: it holds; a list that was
// made before the seal says nothing.
func TestRevocationAtTheTimeOfTheSeal(t *testing.T) {
	ctx := context.Background()
	revoke := func(c *x509.Certificate, at time.Time) []x509.RevocationListEntry {
		return []x509.RevocationListEntry{{SerialNumber: c.SerialNumber, RevocationTime: at}}
	}
	c := newCourt(t)
	part := c.record(t, 30)
	_, err := Build(ctx, BuildParams{Part: part, Out: part + Ext, Signer: noLists{c.sealer}})
	require.NoError(t, err)
	path := part + Ext
	state, err := Look(path)
	require.NoError(t, err)
	require.False(t, state.LongTerm)
	list := func(at time.Time, entries ...x509.RevocationListEntry) *x509.RevocationList {
		a := &authority{t: t, key: c.id.CAKey, cert: c.id.CA}
		l, err := cades.ParseList(a.list(at, entries...))
		require.NoError(t, err)
		return l
	}
	year := c.now.AddDate(1, 0, 0)
	for what, step := range map[string]struct {
		list  *x509.RevocationList
		exit  int
		state revocation.State // of the seal
		text  string
	}{
		"none":                               {nil, 3, revocation.None, "không có danh sách thu hồi"},
		"of the day after":                   {list(c.now.AddDate(0, 0, 1)), 0, revocation.Good, "chưa bị thu hồi"},
		"older than the seal":                {list(c.now.Add(-time.Hour)), 3, revocation.Stale, "không nói về thời điểm đó"},
		"revoked before the seal":            {list(year, revoke(c.id.Certificate, c.now.Add(-time.Hour))...), 3, revocation.Revoked, "đã bị thu hồi từ"},
		"revoked after the seal":             {list(year, revoke(c.id.Certificate, c.now.Add(time.Hour))...), 0, revocation.Good, "chưa bị thu hồi"},
		"the authority's revoked, no reason": {list(year, revoke(c.id.TSACertificate, c.now.Add(time.Hour))...), 3, revocation.Stale, "đã bị thu hồi từ"},
	} {
		o := c.options()
		o.Now = c.now.AddDate(2, 0, 0)
		if step.list != nil {
			o.Lists = []*x509.RevocationList{step.list}
		}
		r := VerifyFile(ctx, path, o)
		require.Equal(t, step.exit, r.ExitCode(), "%s: %s", what, r.Text("en"))
		require.Equal(t, step.state, r.Container.Seal.Revocation.State, what)
		require.Contains(t, r.Text("vi"), step.text, what)
	}
}

// noLists is a signer that knows no revocation lists.
type noLists struct{ Signer }

func (noLists) Lists(context.Context, []*x509.Certificate) ([][]byte, error) { return nil, nil }

// Lists of authorities come once a day or week: one that is older than the timestamp
// is not put in, and the next is waited for.
func TestListsJoinLater(t *testing.T) {
	ctx := context.Background()
	c := newCourt(t)
	s := newStampers(t, noLists{c.sealer}, "Authority", c.now, 3)
	local := listing{s, &authority{t: t, now: c.now, key: c.id.CAKey, cert: c.id.CA}}
	s.listed = c.now.Add(-time.Hour)
	part := c.record(t, 30)
	b, err := Build(ctx, BuildParams{Part: part, Out: part + Ext, Signer: local})
	require.NoError(t, err)
	require.ErrorIs(t, b.Lacks, errNoLists)
	o := c.options()
	o.Roots.AddCert(s.cert)
	require.Equal(t, 3, VerifyFile(ctx, part+Ext, o).ExitCode())
	done, err := Complete(ctx, part+Ext, local, time.Second, Pace{})
	require.ErrorIs(t, err, errNoLists)
	require.False(t, done.Changed, "nothing new")
	s.listed = c.now.Add(time.Hour)
	done, err = Complete(ctx, part+Ext, local, time.Second, Pace{})
	require.NoError(t, err)
	require.True(t, done.Changed)
	r := VerifyFile(ctx, part+Ext, o)
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	done, err = Complete(ctx, part+Ext, local, time.Second, Pace{})
	require.NoError(t, err)
	require.False(t, done.Changed)
}

// A renewal with the same authority wins nothing and is not made; one of a damaged
// file would vouch for the damage; and a crash on the way leaves the file as it was.
func TestRenewalsThatAreNotMade(t *testing.T) {
	ctx := context.Background()
	c := newCourt(t)
	path, _ := c.sealed(t, 30)
	before := open(t, path)
	_, err := Renew(ctx, path, c.sealer, time.Second, Pace{})
	require.ErrorIs(t, err, ErrNoLonger)
	later := newStampers(t, c.sealer, "Later", c.now.AddDate(9, 0, 0), 10)
	_, err = Renew(ctx, path, noStamps{later}, time.Second, Pace{})
	require.ErrorContains(t, err, "away")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	canceled, cancel := context.WithCancel(ctx)
	_, err = Renew(canceled, path, canceling{later, cancel}, time.Second, Pace{})
	require.ErrorIs(t, err, context.Canceled)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, whole, after)
	// What a crash left is overwritten.
	require.NoError(t, os.WriteFile(path+NewExt, []byte("torn"), 0o400))
	_, err = Renew(ctx, path, later, time.Second, Pace{})
	require.NoError(t, err)
	for name, b := range before.files {
		require.Equal(t, b, open(t, path).files[name])
	}
	f := open(t, path)
	f.files[ledger.LogName][200] ^= 1
	require.NoError(t, os.Chmod(path, 0o600))
	require.NoError(t, os.WriteFile(path, f.pack(), 0o600))
	_, err = Renew(ctx, path, newStampers(t, c.sealer, "Last", c.now.AddDate(18, 0, 0), 10), time.Second, Pace{})
	require.ErrorIs(t, err, ErrNotWhole)
}

// canceling ends the work once it has its token.
type canceling struct {
	*stampers
	cancel func()
}

func (c canceling) Lists(ctx context.Context, certs []*x509.Certificate) ([][]byte, error) {
	defer c.cancel()
	return c.stampers.Lists(ctx, certs)
}

func TestWhatIsDue(t *testing.T) {
	c := newCourt(t)
	path, _ := c.sealed(t, 20)
	s, err := Look(path)
	require.NoError(t, err)
	require.Equal(t, c.id.TSACertificate.NotAfter, s.Ends)
	require.WithinDuration(t, c.now, s.Made, time.Second)
	require.False(t, s.Due(c.now, RenewBefore, time.Time{}))
	require.False(t, s.Due(s.Ends.Add(-RenewBefore-time.Hour), RenewBefore, time.Time{}))
	require.True(t, s.Due(s.Ends.Add(-RenewBefore+time.Hour), RenewBefore, time.Time{}))
	require.True(t, s.Due(c.now, RenewBefore, c.now.Add(time.Hour)), "its algorithm counts no longer")
	require.False(t, State{}.Due(c.now, RenewBefore, c.now), "there is nothing to renew")
}

// A node finds by itself what is due, tells register, catalogue and copies of the file
// that it has become, and does it once.
func TestTheJobRenews(t *testing.T) {
	c := newCourt(t)
	path, _ := c.sealed(t, 20)
	later := newStampers(t, c.sealer, "Later", c.now.AddDate(9, 200, 0), 10)
	told := make(chan string, 9)
	j := NewJob(JobParams{
		Dir: c.dir, Signer: later, SignEnd: never, Retry: time.Millisecond, Finished: func(path string) { told <- path },
		Now: func() time.Time { return c.now.AddDate(9, 200, 0) },
	})
	part := strings.TrimSuffix(path, Ext)
	j.renewals()
	require.Equal(t, 1, j.Waiting())
	j.one(context.Background(), part)
	require.Zero(t, j.Waiting(), j.Failing())
	require.Equal(t, path, <-told)
	state, err := Look(path)
	require.NoError(t, err)
	require.Equal(t, 1, state.Archived)
	j.renewals()
	require.Zero(t, j.Waiting(), "it is not due any more")

	// An authority that ends no later is an error that people see, and makes no copy.
	early := NewJob(JobParams{Dir: c.dir, Signer: later, SignEnd: never, RenewBefore: 20 * 365 * 24 * time.Hour, Now: func() time.Time { return later.now }})
	early.Add(part)
	early.one(context.Background(), part)
	require.Len(t, early.Failing(), 1)
	require.True(t, early.Failing()[0].Sealed)
	require.Contains(t, early.Failing()[0].Error, "ends no later")
	state, err = Look(path)
	require.NoError(t, err)
	require.Equal(t, 1, state.Archived)
}

// A stranger with openssl and the page alone, in year 20.
func TestAStrangerVerifiesInYearTwenty(t *testing.T) {
	needTools(t, "python3", "openssl", "unzip", "awk", "date")
	d := newDrill(t)
	root := filepath.Join(t.TempDir(), "roots.pem")
	var pems []byte
	for _, c := range []*x509.Certificate{d.id.CA, d.second.cert, d.third.cert} {
		pems = append(pems, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	require.NoError(t, os.WriteFile(root, pems, 0o600))
	python, shell := program(t, "python3", block(t, "python")), program(t, "sh", block(t, "sh"))
	sh := func(path string, year int) (string, error) {
		return shell([]string{"FILE=" + path, "ROOT=" + root, fmt.Sprintf("AT=%d", d.year(year).Unix())})
	}
	out, err := sh(d.path, 20)
	require.NoError(t, err, out)
	require.Equal(t, 3, strings.Count(out, "Verification: OK"), out)
	out, err = python(nil, d.path)
	require.NoError(t, err, out)
	before := filepath.Join(t.TempDir(), "before.asice")
	require.NoError(t, os.WriteFile(before, d.files[1], 0o600))
	out, err = sh(before, 20)
	require.Error(t, err, out)
	require.Contains(t, out, "certificate has expired")
	clean := open(t, d.path)
	for _, name := range []string{"META-INF/timestamp001.tst", "META-INF/timestamp002.tst", asic.ArchiveManifestName, "META-INF/ASiCArchiveManifest001.xml", asic.SignatureName} {
		f := clean.clone()
		f.files[name][len(f.files[name])-20] ^= 1
		changed := filepath.Join(t.TempDir(), "changed.asice")
		require.NoError(t, os.WriteFile(changed, f.pack(), 0o600))
		out, err := sh(changed, 20)
		require.Error(t, err, "%s: %s", name, out)
	}
}

// The court's seal is renewed with the node's, by one timestamp over both.
func TestTheCourtsSealIsRenewed(t *testing.T) {
	c := newCourt(t)
	a := newAuthority(t, c.now) // its certificates end in three years
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	part := c.record(t, 30)
	_, err = Build(context.Background(), BuildParams{Part: part, Out: part + Ext, Signer: c.withCourt(t, a, a.court(key))})
	require.NoError(t, err)
	later := newStampers(t, c.sealer, "Later", c.now.AddDate(9, 0, 0), 10)
	_, err = Renew(context.Background(), part+Ext, later, time.Second, Pace{})
	require.NoError(t, err)
	o := c.options()
	o.Roots.AddCert(a.cert)
	o.Roots.AddCert(later.cert)
	o.Now = c.now.AddDate(18, 0, 0)
	r := VerifyFile(context.Background(), part+Ext, o)
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Equal(t, "LTA", r.Container.Court.Level)
	m, err := asic.ParseArchiveManifest(open(t, part+Ext).files[asic.ArchiveManifestName])
	require.NoError(t, err)
	require.Equal(t, asic.Signature2Name, m.Files[len(m.Files)-1].Name)
}

// disposing is a signer that meanwhile loses the file.
type disposing struct {
	*stampers
	t    *testing.T
	path string
}

func (d disposing) Stamp(ctx context.Context, imprint [sha256.Size]byte) ([]byte, error) {
	require.NoError(d.t, os.Remove(d.path))
	return d.stampers.Stamp(ctx, imprint)
}

// What was disposed of while its timestamp was asked for does not come back.
func TestDisposedEvidenceIsNotWrittenAnew(t *testing.T) {
	c := newCourt(t)
	path, _ := c.sealed(t, 30)
	later := newStampers(t, c.sealer, "Later", c.now.AddDate(9, 0, 0), 10)
	_, err := Renew(context.Background(), path, disposing{later, t, path}, time.Second, Pace{})
	require.ErrorIs(t, err, ErrGone)
	require.NoFileExists(t, path)
	require.NoFileExists(t, path+NewExt)
}
