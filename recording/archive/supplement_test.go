//go:build !verifier

package archive

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/asic"
	"phientoa/internal/pades/padestest"
	"phientoa/internal/pdf"
	"phientoa/internal/revocation"
)

// registry is two people with certificates of an authority that is nobody's here.
type registry struct {
	root   *padestest.Root
	people []*padestest.Person
}

func newRegistry(t *testing.T) *registry {
	r := &registry{root: padestest.NewRoot(t)}
	r.people = []*padestest.Person{r.root.Person(t, "judge", "Nguyễn Văn Ước", "ec"), r.root.Person(t, "clerk", "Trần Thị Bưởi", "rsa")}
	return r
}

func (r *registry) pem(t testing.TB, name string) *x509.Certificate {
	b, err := os.ReadFile(filepath.Join(r.root.Dir, name+".pem"))
	require.NoError(t, err)
	block, _ := pem.Decode(b)
	c, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return c
}

// minutes are signed by both, and say n lines from the given one on, behind a head.
func (r *registry) minutes(t *testing.T, from, n int, before [32]byte, follows string) (MinutesInfo, []asic.File) {
	p := pdf.New(pdf.Info{Title: "Biên bản", Author: "TAND", Created: time.Unix(1_700_000_000, 0)})
	p.Title("BIÊN BẢN PHIÊN TÒA", "")
	p.SignaturePage("Hết.", [][2]string{{"THƯ KÝ", "b"}, {"CHỦ TỌA", "a"}})
	given, err := p.Bytes()
	require.NoError(t, err)
	doc := given
	m := MinutesInfo{Version: 1, From: from, Lines: from + n - 1, Before: hex.EncodeToString(before[:]), Given: int64(len(given)), Follows: follows}
	for i, person := range r.people {
		doc = padestest.Append(t, doc, padestest.Revision{Mine: func(b []byte) []byte { return person.CMS(t, b, true) }})
		name := []string{"judge", "clerk"}[i]
		cert := r.pem(t, name)
		sum := sha256.Sum256(cert.Raw)
		m.Signers = append(m.Signers, PersonSigned{
			Capacity: []string{"presiding_judge", "clerk"}[i], Name: cert.Subject.CommonName, Issuer: cert.Issuer.CommonName,
			Serial: cert.SerialNumber.Text(16), SHA256: hex.EncodeToString(sum[:]), Bound: i == 0,
		})
	}
	var text []byte
	head := before
	for i := range n {
		line := fmt.Appendf(nil, `{"n":%d,"text":"Dòng %d."}`, from+i, from+i)
		head = sha256.Sum256(append(head[:], line...))
		text = append(append(text, line...), '\n')
	}
	sum := sha256.Sum256(doc)
	m.Head, m.SHA256 = hex.EncodeToString(head[:]), hex.EncodeToString(sum[:])
	return m, []asic.File{{Name: DocumentName, Content: doc}, {Name: LinesName, Content: text}}
}

// cite is how a sealed file is cited.
func cite(t testing.TB, path string) Cited {
	f, r, closer, err := finalOf(path)
	require.NoError(t, err)
	sum, err := sumOf(r, f.Size)
	require.NoError(t, err)
	require.NoError(t, closer.Close())
	return Cited{
		Part: f.Part, Size: f.Size, SHA256: hex.EncodeToString(sum[:]), Manifest: hex.EncodeToString(f.Manifest[:]),
		Root: hex.EncodeToString(f.Root[:]), Lines: f.Lines,
	}
}

func (c *court) about(kind SupplementKind, number int, cites ...Cited) Supplement {
	return Supplement{Format: 1, Kind: kind, Subject: "x", Hearing: "h-1", Node: "node-1", Number: number, MadeT: c.now.UnixMicro(), Cites: cites}
}

func (c *court) supplement(t *testing.T, s Signer, a Supplement, files []asic.File) string {
	out := filepath.Join(c.dir, "h-1", SupplementFile(a.Number))
	b, err := BuildSupplement(context.Background(), SupplementParams{Out: out, About: a, Files: files, Signer: s, Limit: time.Second})
	require.NoError(t, err)
	read, err := ReadSupplement(out)
	require.NoError(t, err)
	require.Equal(t, b, read)
	return out
}

// Minutes and their amendment say which part they are of, alone and beside it; beside
// another they do not fit.
func TestASupplementFitsItsPart(t *testing.T) {
	people, c := newRegistry(t), newCourt(t) // no certificate begins after the seal
	ctx := context.Background()
	part, _ := c.sealed(t, 60)
	elsewhere := newCourt(t)
	other, _ := elsewhere.sealed(t, 60)
	m, files := people.minutes(t, 1, 5, [32]byte{}, "")
	a := c.about(MinutesSupplement, 1, cite(t, part))
	a.Minutes = &m
	path := c.supplement(t, c.sealer, a, files)

	both := SupplementOptions{Options: c.options(), Parts: []string{part}}
	both.Roots.AddCert(people.pem(t, "ca"))
	r := VerifySupplementFile(ctx, path, both)
	require.Equal(t, 3, r.ExitCode(), "nobody said whether the people's certificates were revoked")
	require.True(t, strings.HasPrefix(r.Text("vi"), "Toàn vẹn; chưa kiểm tra được việc thu hồi chứng thư"), r.Text("vi"))
	_, list := people.root.List(t, time.Now().Add(-72*time.Hour), "judge")
	both.Lists = []*x509.RevocationList{list}
	r = VerifySupplementFile(ctx, path, both)
	require.Equal(t, 3, r.ExitCode(), "revoked three days before")
	require.Equal(t, revocation.Revoked, r.Signatures[0].Revocation.State)
	require.True(t, strings.HasPrefix(r.Text("en"), "Whole; a certificate was revoked"), r.Text("en"))
	_, list = people.root.List(t, time.Time{})
	both.Lists = []*x509.RevocationList{list}
	r = VerifySupplementFile(ctx, path, both)
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Equal(t, []Fit{{Part: 1, File: filepath.Base(part), Same: true}}, r.Fits)
	require.Contains(t, r.Text("vi"), "khớp với tệp: part-0001.asice")
	require.Contains(t, r.Text("vi"), "Người ký (Chủ tọa phiên tòa): Nguyễn Văn Ước")
	require.Contains(t, r.Text("vi"), "chứng thư chưa được đăng ký cho người này")

	alone := VerifySupplementFile(ctx, path, SupplementOptions{Options: both.Options})
	require.Equal(t, 3, alone.ExitCode())
	require.Contains(t, alone.Text("vi"), "Toàn vẹn; chưa đối chiếu với gói lưu trữ được bổ sung")
	require.Contains(t, alone.Text("en"), a.Cites[0].SHA256)
	unknown := VerifySupplementFile(ctx, path, SupplementOptions{Options: c.options(), Parts: []string{part}})
	require.Equal(t, 3, unknown.ExitCode(), "who signed is not under the node's authority")
	require.NotEmpty(t, unknown.Signatures[0].TrustError)
	require.True(t, strings.HasPrefix(unknown.Text("vi"), "Toàn vẹn; chưa xác định được người ký"), unknown.Text("vi"))

	wrong := both
	wrong.Parts = []string{other}
	r = VerifySupplementFile(ctx, path, wrong)
	require.Equal(t, 1, r.ExitCode())
	require.Equal(t, DamageCites, r.Container.Damages[0].Code)

	// The amendment goes on where the minutes ended.
	head, err := hex.DecodeString(m.Head)
	require.NoError(t, err)
	more, files := people.minutes(t, 6, 2, [32]byte(head), m.SHA256)
	a = c.about(AmendmentSupplement, 2, cite(t, part))
	a.Minutes = &more
	path = c.supplement(t, c.sealer, a, files)
	require.Equal(t, 0, VerifySupplementFile(ctx, path, both).ExitCode())

	_, err = BuildSupplement(ctx, SupplementParams{Out: path, About: a, Files: files, Signer: c.sealer})
	require.ErrorContains(t, err, "stands already")
	require.True(t, IsSupplement(path, Options{}))
	require.False(t, IsSupplement(part, Options{}))
	require.Equal(t, 2, VerifySupplementFile(ctx, part, both).ExitCode(), "a part is no supplement")
}

// The court's seal comes when the part is locked: the part stays byte for byte.
func TestTheCourtSealsALockedPart(t *testing.T) {
	c := newCourt(t)
	ctx := context.Background()
	part, _ := c.sealed(t, 60)
	before, err := os.ReadFile(part)
	require.NoError(t, err)
	files, err := SealedByNode(part)
	require.NoError(t, err)
	a := c.about(CourtSealSupplement, 1, cite(t, part))
	out := filepath.Join(c.dir, "h-1", SupplementFile(1))
	_, err = BuildSupplement(ctx, SupplementParams{Out: out, About: a, Files: files, Signer: c.sealer, Limit: time.Second})
	require.ErrorIs(t, err, errNoCourt, "without the court's key there is nothing to make")
	require.NoFileExists(t, out)

	auth := newAuthority(t, c.now)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	s := c.withCourt(t, auth, auth.court(ec))
	path := c.supplement(t, s, a, files)
	both := SupplementOptions{Options: c.options(), Parts: []string{part}}
	require.Equal(t, 3, VerifySupplementFile(ctx, path, both).ExitCode(), "the court's authority is not trusted yet")
	both.Roots.AddCert(auth.cert)
	r := VerifySupplementFile(ctx, path, both)
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Equal(t, "Tòa án nhân dân khu vực 1", r.Container.Court.Signer)
	after, err := os.ReadFile(part)
	require.NoError(t, err)
	require.Equal(t, before, after)

	// A timestamp that joins the part's seal later makes no other part of it.
	grown, err := os.ReadFile(part)
	require.NoError(t, err)
	require.NotEmpty(t, grown)
	done, err := Complete(ctx, part, s, time.Second, Pace{})
	require.NoError(t, err)
	require.True(t, done.Changed)
	r = VerifySupplementFile(ctx, path, both)
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.False(t, r.Fits[0].Same)

	f := open(t, path)
	f.remove(asic.Manifest2Name)
	f.remove(asic.Signature2Name)
	x := f.pack()
	r = VerifySupplement(ctx, bytes.NewReader(x), int64(len(x)), both)
	require.Equal(t, 1, r.ExitCode(), "a court's seal without it")
}

// Whoever holds the node's signer cannot change what two people signed: not a line, nor
// which lines there are, nor the document.
func TestLinesOfASupplementNeverChange(t *testing.T) {
	people, c := newRegistry(t), newCourt(t) // no certificate begins after the seal
	part, _ := c.sealed(t, 60)
	m, files := people.minutes(t, 1, 8, [32]byte{}, "")
	a := c.about(MinutesSupplement, 1, cite(t, part))
	a.Minutes = &m
	clean := open(t, c.supplement(t, c.sealer, a, files))
	verify := func(b []byte) SupplementReport {
		return VerifySupplement(context.Background(), bytes.NewReader(b), int64(len(b)), SupplementOptions{Options: c.options()})
	}
	clean.reseal(c.sealer)
	require.Equal(t, 3, verify(clean.pack()).ExitCode(), verify(clean.pack()).Text("en"))
	rapid.Check(t, func(rt *rapid.T) {
		f := clean.clone()
		lines := bytes.SplitAfter(f.files[LinesName], []byte("\n"))
		lines = lines[:len(lines)-1]
		i := rapid.IntRange(0, len(lines)-1).Draw(rt, "line")
		switch rapid.IntRange(0, 4).Draw(rt, "what") {
		case 0:
			lines[i] = bytes.Replace(lines[i], []byte("Dòng"), []byte("Dong"), 1)
		case 1:
			lines = append(lines[:i:i], lines[i+1:]...)
		case 2:
			lines = append(lines[:i+1:i+1], lines[i:]...)
		case 3:
			k := (i + 1) % len(lines)
			lines[i], lines[k] = lines[k], lines[i]
		case 4:
			doc := f.files[DocumentName]
			doc[rapid.IntRange(0, len(doc)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		}
		f.files[LinesName] = bytes.Join(lines, nil)
		f.reseal(c.sealer)
		r := verify(f.pack())
		if r.ExitCode() != 1 || r.Container.Damages[0].Code != DamageDocument {
			rt.Fatalf("not found: %s", r.Text("en"))
		}
	})
}

// Every byte of the file counts: any bit that is flipped is found.
func TestAFlippedBitOfASupplementIsFound(t *testing.T) {
	people, c := newRegistry(t), newCourt(t) // no certificate begins after the seal
	part, _ := c.sealed(t, 60)
	m, files := people.minutes(t, 1, 3, [32]byte{}, "")
	a := c.about(MinutesSupplement, 1, cite(t, part))
	a.Minutes = &m
	whole, err := os.ReadFile(c.supplement(t, c.sealer, a, files))
	require.NoError(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		b := bytes.Clone(whole)
		at := rapid.IntRange(0, len(b)-1).Draw(rt, "at")
		b[at] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		r := VerifySupplement(context.Background(), bytes.NewReader(b), int64(len(b)), SupplementOptions{Options: c.options(), Parts: []string{part}})
		if code := r.ExitCode(); code != 1 && code != 2 {
			rt.Fatalf("byte %d: exit %d", at, code)
		}
	})
}

// The commands of the page are for a supplement as well, and what it adds to them.
func TestAStrangerVerifiesASupplement(t *testing.T) {
	needTools(t, "openssl", "unzip", "awk", "xxd", "bash")
	c := newCourt(t)
	part, _ := c.sealed(t, 60)
	m, files := newRegistry(t).minutes(t, 1, 3, [32]byte{}, "")
	a := c.about(MinutesSupplement, 1, cite(t, part))
	a.Minutes = &m
	path := c.supplement(t, c.sealer, a, files)
	shell, root := program(t, "sh", block(t, "sh")), c.rootPEM(t)
	out, err := shell([]string{"FILE=" + path, "ROOT=" + root})
	require.NoError(t, err, out)
	require.Contains(t, out, "Verification: OK")
	f := open(t, path)
	f.files[LinesName][3] ^= 1
	changed := filepath.Join(t.TempDir(), "supplement-0001.asice")
	require.NoError(t, os.WriteFile(changed, f.pack(), 0o600))
	_, err = shell([]string{"FILE=" + changed, "ROOT=" + root})
	require.Error(t, err)
	f = open(t, path)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lines.jsonl"), f.files[LinesName], 0o600))
	cmd := exec.CommandContext(t.Context(), "bash", "-c", `h=`+m.Before+`; while IFS= read -r l; do h=$({ printf %s "$h" | xxd -r -p; printf %s "$l"; } | sha256sum | cut -c1-64); done < lines.jsonl; echo "$h"`)
	cmd.Dir = dir
	head, err := cmd.Output()
	require.NoError(t, err)
	require.Equal(t, m.Head+"\n", string(head))
}

// The archive timestamp of another file is none of this one: it moves no judgement to
// its own time.
func TestASupplementHasItsOwnTimestamps(t *testing.T) {
	people, d := newRegistry(t), newDrill(t)
	m, files := people.minutes(t, 1, 5, [32]byte{}, "")
	a := d.about(MinutesSupplement, 1, cite(t, d.path))
	a.Minutes = &m
	f := open(t, d.supplement(t, d.sealer, a, files))
	renewed := filepath.Join(t.TempDir(), "part-0001.asice")
	require.NoError(t, os.WriteFile(renewed, d.files[1], 0o600))
	other := open(t, renewed)
	for _, name := range []string{asic.ArchiveManifestName, "META-INF/timestamp001.tst"} {
		f.add(name, other.files[name])
	}
	path := filepath.Join(t.TempDir(), "supplement-0001.asice")
	require.NoError(t, os.WriteFile(path, f.pack(), 0o600))
	r := VerifySupplementFile(context.Background(), path, SupplementOptions{Options: d.options()})
	require.Equal(t, 1, r.ExitCode(), r.Text("en"))
	require.Equal(t, asic.ArchiveManifestName, r.Container.Damages[0].Entry)
}
