package register

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/ledger"
	"phientoa/internal/pki"
	"phientoa/internal/signer"
	"phientoa/recording/archive"
)

// A part has one sealed file: it grows by timestamps and seals, another one is
// refused, and one that was noted all the same is named for ever.
func TestAPartHasOneSealedFile(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	id, err := pki.Open(pki.Params{Dir: filepath.Join(dir, "pki"), Node: "n", Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	k, err := signer.NewKeeper(signer.KeeperParams{Node: id.Key, Certificate: id.Certificate, Now: time.Now, Rand: rand.Reader, Rate: 1e6, Burst: 1e6})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Close()) })
	at := filepath.Join(dir, "register")
	open := func() *Register {
		r, err := Open(ctx, at, "n", ledger.Params{Signer: k, Now: time.Now, Rand: rand.Reader})
		require.NoError(t, err)
		return r
	}
	codes := func() (out []string) {
		for _, f := range Audit(ctx, AuditParams{Register: at, Now: time.Now()}).Findings {
			out = append(out, f.Code)
		}
		return out
	}
	first := archive.Final{Hearing: "h", Part: 1, Size: 1, SHA256: [32]byte{1}, Manifest: [32]byte{1}, Root: [32]byte{1}}
	stamped, other, rooted := first, first, first
	stamped.Size, stamped.SHA256 = 2, [32]byte{2}
	other.SHA256, other.Manifest = [32]byte{3}, [32]byte{3}
	rooted.SHA256, rooted.Root = [32]byte{4}, [32]byte{4}

	r := open()
	require.NoError(t, r.Sealed(ctx, first))
	require.NoError(t, r.Sealed(ctx, stamped))
	require.True(t, r.Has("h", 1, 2, first.Manifest))
	require.ErrorIs(t, r.Sealed(ctx, other), archive.ErrSwapped)
	require.ErrorIs(t, r.Sealed(ctx, rooted), archive.ErrSwapped)
	require.NoError(t, r.Close(ctx))
	r = open()
	require.ErrorIs(t, r.Sealed(ctx, other), archive.ErrSwapped, "after a restart too")
	require.Equal(t, []string{FindingLost}, codes())

	// As an earlier version noted it.
	noted := r.known[key{hearing: "h", part: 1}]
	r.known[key{hearing: "h", part: 1}] = entry{}
	require.NoError(t, r.Sealed(ctx, other))
	r.known[key{hearing: "h", part: 1}] = noted
	require.NoError(t, r.Sealed(ctx, first), "the true file is put back")
	require.Equal(t, []string{FindingSwapped, FindingLost}, codes())
	require.NoError(t, r.Close(ctx))
	r = open()
	require.True(t, r.Has("h", 1, 1, first.Manifest))
	require.False(t, r.Has("h", 1, 1, other.Manifest))
	require.NoError(t, r.Close(ctx))
}

// A repair is noted when the copy is the very file that was noted last, and changes
// nothing of what is known of the part, also after a restart.
func TestARepairChangesNothingThatIsKnown(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	id, err := pki.Open(pki.Params{Dir: filepath.Join(dir, "pki"), Node: "n", Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	k, err := signer.NewKeeper(signer.KeeperParams{Node: id.Key, Certificate: id.Certificate, Now: time.Now, Rand: rand.Reader, Rate: 1e6, Burst: 1e6})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Close()) })
	open := func() *Register {
		r, err := Open(ctx, filepath.Join(dir, "register"), "n", ledger.Params{Signer: k, Now: time.Now, Rand: rand.Reader})
		require.NoError(t, err)
		return r
	}
	first := archive.Final{Hearing: "h", Part: 1, Size: 1, SHA256: [32]byte{1}, Manifest: [32]byte{1}, Root: [32]byte{1}}
	stamped := first
	stamped.Size, stamped.SHA256 = 2, [32]byte{2}
	r := open()
	require.ErrorIs(t, r.Repaired(ctx, archive.Repair{Hearing: "h", Part: 1, SHA256: [32]byte{1}}), archive.ErrSwapped, "of a part that nobody sealed")
	require.NoError(t, r.Sealed(ctx, first))
	require.NoError(t, r.Sealed(ctx, stamped))
	require.ErrorIs(t, r.Repaired(ctx, archive.Repair{Hearing: "h", Part: 1, SHA256: first.SHA256}), archive.ErrSwapped, "the file before its timestamp")
	require.NoError(t, r.Repaired(ctx, archive.Repair{Hearing: "h", Part: 1, SHA256: stamped.SHA256, Damaged: [32]byte{7}, By: "clerk"}))
	require.NoError(t, r.Close(ctx))
	r = open()
	require.True(t, r.Has("h", 1, 2, first.Manifest), "after a restart too")
	require.NoError(t, r.Repaired(ctx, archive.Repair{Hearing: "h", Part: 1, SHA256: stamped.SHA256, By: "clerk"}))
	require.NoError(t, r.Close(ctx))
	report := Audit(ctx, AuditParams{Register: filepath.Join(dir, "register"), Now: time.Now()})
	require.Equal(t, 1, report.Sealed)
	require.Len(t, report.Repaired, 2)
	require.Equal(t, "clerk", report.Repaired[0].AskedBy)
	require.Len(t, report.Findings, 1)
	require.Equal(t, FindingLost, report.Findings[0].Code)
	require.Contains(t, report.Text("vi"), "Đã khôi phục từ bản sao: h/part-0001")
	require.Contains(t, report.Text("en"), "SHA-256 of the damaged file unknown")
}

// A supplement has one file for its number, beside the parts and apart from them.
func TestASupplementHasOneFile(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	id, err := pki.Open(pki.Params{Dir: filepath.Join(dir, "pki"), Node: "n", Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	k, err := signer.NewKeeper(signer.KeeperParams{Node: id.Key, Certificate: id.Certificate, Now: time.Now, Rand: rand.Reader, Rate: 1e6, Burst: 1e6})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Close()) })
	open := func() *Register {
		r, err := Open(ctx, filepath.Join(dir, "register"), "n", ledger.Params{Signer: k, Now: time.Now, Rand: rand.Reader})
		require.NoError(t, err)
		return r
	}
	one := archive.SupplementBuilt{About: archive.Supplement{Hearing: "h", Number: 1}, Bytes: 1, SHA256: [32]byte{1}, Manifest: [32]byte{1}}
	three, other := one, one
	three.About.Number, other.SHA256, other.Manifest = 3, [32]byte{2}, [32]byte{2}
	r := open()
	require.NoError(t, r.Sealed(ctx, archive.Final{Hearing: "h", Part: 1, Size: 1, SHA256: [32]byte{9}, Manifest: [32]byte{9}}))
	require.NoError(t, r.Supplemented(ctx, one))
	require.NoError(t, r.Supplemented(ctx, one), "the same again")
	require.NoError(t, r.Supplemented(ctx, three))
	require.ErrorIs(t, r.Supplemented(ctx, other), archive.ErrSwapped)
	require.NoError(t, r.Close(ctx))
	r = open()
	require.Equal(t, 3, r.LastSupplement("h"))
	require.Zero(t, r.LastSupplement("else"))
	require.ErrorIs(t, r.Supplemented(ctx, other), archive.ErrSwapped, "after a restart too")
	require.True(t, r.Has("h", 1, 1, [32]byte{9}), "the part is as it was")
	require.NoError(t, r.Close(ctx))
	report := Audit(ctx, AuditParams{Register: filepath.Join(dir, "register"), Now: time.Now()})
	require.Equal(t, 2, report.Supplements)
	var lost []int
	for _, f := range report.Findings {
		require.Equal(t, FindingLost, f.Code)
		lost = append(lost, f.Supplement)
	}
	require.Equal(t, []int{1, 3, 0}, lost, "supplements first, then the part")
	require.Contains(t, report.Text("vi"), "h/supplement-0003: bị mất")
}
