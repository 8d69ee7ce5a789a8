package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"phientoa/internal/archives"
	"phientoa/internal/backup"
	"phientoa/internal/pki"
	"phientoa/internal/store"
	"phientoa/recording/archive"
	"phientoa/recording/retrieval"
	"phientoa/signaling/office"
)

// openArchives makes the vault of sealed files and the law of who sees them.
func (n *node) openArchives() error {
	var noted retrieval.Register = noRegister{}
	if n.register != nil {
		noted = n.register
	}
	roots, err := n.roots()
	if err != nil {
		return err
	}
	n.vault = retrieval.NewVault(retrieval.VaultParams{
		Dir: n.evidenceDir(), Second: n.p.EvidenceSecond, Replica: n.replica(), Reserve: leastFree, Node: n.p.Node, Store: n.store, Register: noted, Roots: roots, Lists: n.ownLists, Logger: n.logger,
		// Made later than the vault, and before it runs.
		Forget: n.forget,
	})
	n.archives = archives.New(archives.Params{Store: n.store})
	return nil
}

// noRegister holds disposals up while the register is not open: without its note an
// audit would take what was disposed of for lost.
type noRegister struct{}

// Disposed implements retrieval.Register.
func (noRegister) Disposed(context.Context, archive.Disposal) error {
	return errors.New("the register is not open: nothing is removed")
}

// Repaired implements retrieval.Register.
func (noRegister) Repaired(context.Context, archive.Repair) error {
	return errors.New("the register is not open: nothing is replaced")
}

// replica is where whole copies of sealed files are looked for.
func (n *node) replica() string {
	return cmp.Or(n.p.EvidenceReplica, filepath.Join(n.p.DataDir, backup.ReplicaDir))
}

// roots are the authorities that verification on demand trusts: the court's own, as
// the signer beside this node wrote it, and that of the court's seal (court-ca).
func (n *node) roots() (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	own, err := os.ReadFile(filepath.Join(n.p.DataDir, "pki", pki.CACert))
	if err != nil {
		n.logger.Info("no authority of the court beside this node: verification on demand does not name its signers", "err", err)
	}
	known := pool.AppendCertsFromPEM(own)
	switch {
	case n.p.CourtCA != "":
	case !known:
		return nil, nil //nolint:nilnil // signers stay unknown
	default:
		return pool, nil
	}
	text, err := os.ReadFile(n.p.CourtCA)
	if err != nil {
		return nil, fmt.Errorf("court-ca: %w", err)
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("court-ca: no certificate in it")
	}
	return pool, nil
}

// ownLists is the court's own authority's list of revoked certificates as of now: what
// is judged now, for want of a timestamp that the court trusts, needs one in force.
func (n *node) ownLists(ctx context.Context) (out []*x509.RevocationList) {
	list, err := n.signer.List(ctx)
	if err != nil {
		n.logger.Warn("no revocation list of the court's own authority: archives are verified with those in them", "err", err)
		return nil
	}
	if list != nil {
		out = append(out, list)
	}
	return out
}

// officeVault is the vault in the office's words.
type officeVault struct{ *retrieval.Vault }

// Open implements office.Vault.
func (v officeVault) Open(p store.ArchivePart) (io.ReaderAt, int64, io.Closer, error) {
	r, size, c, err := v.Vault.Open(p)
	if errors.Is(err, retrieval.ErrElsewhere) {
		err = office.ErrElsewhere
	}
	return r, size, c, err
}

// OpenSupplement implements office.Vault.
func (v officeVault) OpenSupplement(s store.ArchiveSupplement) (io.ReaderAt, int64, io.Closer, error) {
	r, size, c, err := v.Vault.OpenSupplement(s)
	if errors.Is(err, retrieval.ErrElsewhere) {
		err = office.ErrElsewhere
	}
	return r, size, c, err
}
