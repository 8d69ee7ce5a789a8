package supplement

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/pades"
	"phientoa/internal/pdf"
	"phientoa/internal/pki"
	"phientoa/internal/signer"
	"phientoa/internal/store"
	"phientoa/internal/store/sqlite"
	"phientoa/recording/archive"
)

var errCrash = errors.New("the process ends here")

// crashing is a database and a register that fail at one place, once.
type crashing struct {
	store.Store
	number, made, noted int // how often it is to fail there
	last                map[string]int
	entered             []archive.SupplementBuilt
}

func (c *crashing) NumberSupplement(ctx context.Context, h, s, n string, above int) (store.ArchiveSupplement, error) {
	x, err := c.Store.NumberSupplement(ctx, h, s, n, above)
	if c.number > 0 { // the row is written, and nobody learns it
		c.number--
		return x, errCrash
	}
	return x, err
}

func (c *crashing) SupplementMade(ctx context.Context, s store.ArchiveSupplement) error {
	if c.made > 0 {
		c.made--
		return errCrash
	}
	return c.Store.SupplementMade(ctx, s)
}

func (c *crashing) Supplemented(_ context.Context, b archive.SupplementBuilt) error {
	if c.noted > 0 {
		c.noted--
		return errCrash
	}
	c.entered = append(c.entered, b)
	c.last[b.About.Hearing] = max(c.last[b.About.Hearing], b.About.Number)
	return nil
}

func (c *crashing) LastSupplement(h string) int { return c.last[h] }

// desk is a hearing with a sealed part in the catalogue, and final documents.
type desk struct {
	t     *testing.T
	st    *crashing
	dir   string
	p     Params
	final map[[32]byte]Minutes
}

func newDesk(t *testing.T) *desk {
	dir := t.TempDir()
	st, err := sqlite.Open(t.Context(), sqlite.Params{Path: filepath.Join(dir, "db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	sys := court.SystemScope()
	require.NoError(t, st.CreateHearing(t.Context(), sys, store.Hearing{ID: "h", Room: hex.EncodeToString(make([]byte, 16)), Unit: "u", DocketNo: "1", Title: "t", StartsAt: 1}, nil))
	require.NoError(t, st.PutArchivePart(t.Context(), sys, store.ArchivePart{
		Hearing: "h", Part: 1, Node: "node-1", Path: "h/part-0001.asice", Size: 10, SHA256: [32]byte{1}, Manifest: [32]byte{2}, Root: [32]byte{3},
		Lines: 4, Began: 1, Ended: 2, Sealed: time.Now(), Facts: []byte("{}"),
	}))
	id, err := pki.Open(pki.Params{Dir: filepath.Join(dir, "pki"), Node: "node-1", Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	s, err := signer.NewSealer(signer.SealerParams{
		Key: id.Key, Certificate: id.Certificate, TSAKey: id.TSAKey, TSACertificate: id.TSACertificate, Now: time.Now, Rand: rand.Reader, Rate: 1e6, Burst: 1e6,
	})
	require.NoError(t, err)
	d := &desk{t: t, st: &crashing{Store: st, last: map[string]int{}}, dir: filepath.Join(dir, "evidence"), final: map[[32]byte]Minutes{}}
	d.p = Params{Dir: d.dir, Node: "node-1", Store: d.st, Signer: s, Register: d.st, Minutes: func(_ context.Context, _ string, sum [32]byte) (Minutes, error) {
		m, ok := d.final[sum]
		if !ok {
			return m, ErrNotFinal
		}
		return m, nil
	}}
	return d
}

// write makes a document of one line, signed by one person.
func (d *desk) write(n int, follows string, before [32]byte) (sum, head [32]byte) {
	t := d.t
	p := pdf.New(pdf.Info{Title: "Biên bản", Author: "TAND", Created: time.Unix(int64(n), 0)})
	p.SignaturePage("Hết.", [][2]string{{"THƯ KÝ", "b"}, {"CHỦ TỌA", "a"}})
	given, err := p.Bytes()
	require.NoError(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(int64(n)), Subject: pkix.Name{CommonName: "x"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	doc, err := pades.Sign(given, pades.SignParams{Key: key, Certificate: cert, Time: time.Now(), Rand: rand.Reader})
	require.NoError(t, err)
	line := []byte(`{"n":1}`)
	sum, head = sha256.Sum256(doc), sha256.Sum256(append(before[:], line...))
	mark := sha256.Sum256(der)
	m := Minutes{Kind: archive.MinutesSupplement, Document: doc, Lines: append(line, '\n'), Info: archive.MinutesInfo{
		Version: n, From: n, Lines: n, Before: hex.EncodeToString(before[:]), Head: hex.EncodeToString(head[:]), SHA256: hex.EncodeToString(sum[:]),
		Given: int64(len(given)), Follows: follows, Signers: []archive.PersonSigned{{Capacity: "clerk", SHA256: hex.EncodeToString(mark[:])}},
	}}
	if follows != "" {
		m.Kind = archive.AmendmentSupplement
	}
	d.final[sum] = m
	return sum, head
}

func (d *desk) files() (out []string) {
	all, err := filepath.Glob(filepath.Join(d.dir, "h", "supplement-*"))
	require.NoError(d.t, err)
	for _, f := range all {
		out = append(out, filepath.Base(f))
	}
	return out
}

// Wherever a process ends, the next one goes on: one file of one number for each
// document, entered once, and what was made is never made again.
func TestASupplementSurvivesACrashAnywhere(t *testing.T) {
	for place, fail := range map[string]func(*crashing){
		"nowhere":       func(*crashing) {},
		"the number":    func(c *crashing) { c.number = 1 },
		"the register":  func(c *crashing) { c.noted = 1 },
		"the catalogue": func(c *crashing) { c.made = 1 },
	} {
		t.Run(place, func(t *testing.T) {
			d := newDesk(t)
			ctx := t.Context()
			first, head := d.write(1, "", [32]byte{})
			require.NoError(t, New(d.p).WantMinutes(ctx, "h", first))
			require.NoError(t, New(d.p).WantMinutes(ctx, "h", first))
			fail(d.st)
			for range 4 { // processes that begin anew
				require.NoError(t, New(d.p).round(ctx))
			}
			require.Equal(t, []string{"supplement-0001.asice"}, d.files())
			list, err := d.st.ArchiveSupplements(ctx, court.SystemScope(), "h")
			require.NoError(t, err)
			require.Len(t, list, 1)
			b, err := archive.ReadSupplement(filepath.Join(d.dir, "h", "supplement-0001.asice"))
			require.NoError(t, err)
			require.Equal(t, b.SHA256, list[0].SHA256)
			require.Equal(t, b.SHA256, d.st.entered[len(d.st.entered)-1].SHA256)

			// A database of before: the number of the file on the disk is not given again.
			second, _ := d.write(2, hex.EncodeToString(first[:]), head)
			require.NoError(t, os.Rename(filepath.Join(d.dir, "h", "supplement-0001.asice"), filepath.Join(d.dir, "h", "supplement-0007.asice")))
			require.NoError(t, New(d.p).WantMinutes(ctx, "h", second))
			require.NoError(t, New(d.p).round(ctx))
			require.Equal(t, []string{"supplement-0007.asice", "supplement-0008.asice"}, d.files())
		})
	}
}

// What is not final, and what is of parts that wait for their seal, waits as well.
func TestASupplementWaits(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	sum, _ := d.write(1, "", [32]byte{})
	m := d.final[sum]
	delete(d.final, sum)
	j := New(d.p)
	require.NoError(t, j.WantMinutes(ctx, "h", sum))
	require.NoError(t, j.round(ctx))
	require.Empty(t, d.files(), "wanted, and the last signature was refused")
	d.final[sum] = m
	part := filepath.Join(d.dir, "h", "part-0002")
	require.NoError(t, os.MkdirAll(part, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(part, "log.jsonl"), []byte("{}\n"), 0o600))
	require.NoError(t, j.round(ctx))
	require.Empty(t, d.files())
	_, failed, waiting := j.Counts()
	require.Zero(t, failed)
	require.Equal(t, int64(1), waiting)
	// A part that never is sealed holds nothing up for longer than a day.
	old, _ := d.write(1, "", [32]byte{})
	require.NoError(t, d.st.WantSupplement(ctx, "h", store.SupplementOfDocument(old), "minutes", "", time.Now().Add(-patience-time.Minute)))
	require.NoError(t, j.round(ctx))
	require.Equal(t, []string{"supplement-0001.asice"}, d.files())
}
