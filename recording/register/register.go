// Package register keeps, on each node, the log of what was opened and what became
// of it: every part of every hearing with its final root and the SHA-256 of its
// sealed file, in a log of the same kind as the evidence (signed, chained, a Merkle
// tree). Each part names in its beginning how far the register was then. So an
// opening without its end, a lost or a swapped archive can be told afterwards; Audit
// tells it.
package register

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"phientoa/internal/ledger"
	"phientoa/recording/archive"
)

// Dir is the register's directory below a node's data.
const Dir = "register"

// Origin names the register of a node in its checkpoints.
func Origin(node string) string { return "phientoa/" + node + "/register" }

// Kinds of entries.
const (
	opened = "opened"
	sealed = "sealed" // again when the file got a timestamp or the court's seal
	// disposed: two people wanted the part removed; nothing more is said of it.
	disposed = "disposed"
	// repaired: the damaged file of a part was replaced by a copy of the one that was
	// noted last. What is known of the part stays as it is.
	repaired = "repaired"
	// supplemented: a supplement was made; its number stands in the place of a part's.
	supplemented = "supplemented"
)

// entry is the body of an event line of the register.
type entry struct {
	What    string `json:"what"`
	Hearing string `json:"hearing"`
	Part    int    `json:"part,omitempty"`
	// Supplement is its number, where the entry is not about a part.
	Supplement int    `json:"supplement,omitempty"`
	Root       string `json:"root,omitempty"` // hex, of the part's last checkpoint
	Lines      uint64 `json:"lines,omitempty"`
	Size       int64  `json:"size,omitempty"`            // bytes of the sealed file
	SHA256     string `json:"sha256,omitempty"`          // hex, of the sealed file
	Manifest   string `json:"manifest_sha256,omitempty"` // hex, of the list of its files
	// Of a disposal: the accounts of those who proposed and confirmed it, and when it
	// was confirmed, UTC unix microseconds.
	By          string `json:"proposed_by,omitempty"`
	ConfirmedBy string `json:"confirmed_by,omitempty"`
	ConfirmedT  int64  `json:"confirmed_t,omitempty"`
	// Of a repair: the account that asked for it, and hex of what stood there.
	AskedBy string `json:"asked_by,omitempty"`
	Damaged string `json:"damaged_sha256,omitempty"`
}

// Head is how far the register was: what the genesis of a part carries.
type Head struct {
	Origin string `json:"origin"`
	Size   uint64 `json:"size"`
	Root   string `json:"root"` // hex
}

// key names a part, or a supplement, whose part is 0.
type key struct {
	hearing          string
	part, supplement int
}

func (e entry) key() key { return key{e.Hearing, e.Part, e.Supplement} }

// about tells whether the entry is about one part or one supplement.
func (e entry) about() bool {
	return e.Hearing != "" && (e.Part > 0) != (e.Supplement > 0) && (e.Supplement > 0) == (e.What == supplemented)
}

// Register is the register of a running node. Its methods are safe for concurrent
// use.
type Register struct {
	log   *ledger.Log
	close func() error

	mu    sync.Mutex
	known map[key]entry // the last entry of a part that is about its first sealed file
}

// Open opens the register of a directory, or begins it. params needs everything but
// FS, Origin and Genesis.
func Open(ctx context.Context, dir, node string, params ledger.Params) (r *Register, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("register: %w", err)
	}
	fsys, err := ledger.DirFS(dir)
	if err != nil {
		return nil, fmt.Errorf("register: %w", err)
	}
	r = &Register{close: fsys.Close, known: map[key]entry{}}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("register: %w", err), fsys.Close())
		}
	}()
	params.FS, params.Origin = fsys, Origin(node)
	if r.log, _, err = ledger.Open(ctx, params); errors.Is(err, fs.ErrNotExist) || errors.Is(err, ledger.ErrEmpty) {
		if params.Genesis, err = json.Marshal(map[string]any{"v": 1, "node": node}); err != nil {
			return nil, err
		}
		r.log, err = ledger.Create(ctx, params)
	}
	if err != nil {
		return nil, err
	}
	err = entries(os.DirFS(dir), func(_ ledger.Line, e entry) {
		if k := e.key(); e.What != repaired && !swapped(r.known[k], e) {
			r.known[k] = e
		}
	})
	if err != nil {
		return nil, errors.Join(err, r.log.Close())
	}
	return r, nil
}

// entries goes through the register's lines; what is no entry is passed over.
func entries(fsys fs.FS, do func(l ledger.Line, e entry)) error {
	return ledger.Lines(fsys, func(l ledger.Line) (bool, error) {
		var e entry
		if l.Kind == ledger.KindEvent && json.Unmarshal(l.Members, &e) == nil && e.about() {
			do(l, e)
		}
		return true, nil
	})
}

// swapped tells whether a later entry is about another sealed file than the one
// before: a timestamp or the court's seal changes neither its list nor its root.
func swapped(before, e entry) bool {
	of := before.What == sealed || before.What == supplemented
	return of && e.What == before.What && (before.Manifest != e.Manifest || before.Root != e.Root)
}

// Head is the last checkpoint. Its Size is 0 before the first.
func (r *Register) Head() Head {
	cp := r.log.Last()
	return Head{Origin: cp.Origin, Size: cp.Size, Root: hex.EncodeToString(cp.Root[:])}
}

// Opened notes that a part was begun; one that goes on after a restart is known
// already.
func (r *Register) Opened(ctx context.Context, hearing string, part int) error {
	return r.add(ctx, entry{What: opened, Hearing: hearing, Part: part}, func(known entry) bool { return known.What != "" })
}

// Has implements archive.Register.
func (r *Register) Has(hearing string, part int, size int64, manifest [32]byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.known[key{hearing: hearing, part: part}]
	// What is being removed is noted for the last time: its files may stand a moment.
	return e.What == disposed || e.What == sealed && e.Size == size && e.Manifest == hex.EncodeToString(manifest[:])
}

// Sealed implements archive.Register.
func (r *Register) Sealed(ctx context.Context, f archive.Final) error {
	return r.add(ctx, entry{
		What: sealed, Hearing: f.Hearing, Part: f.Part, Lines: f.Lines, Size: f.Size, Root: hex.EncodeToString(f.Root[:]),
		SHA256: hex.EncodeToString(f.SHA256[:]), Manifest: hex.EncodeToString(f.Manifest[:]),
	}, func(known entry) bool {
		return known.What == disposed || known.SHA256 == hex.EncodeToString(f.SHA256[:])
	})
}

// Disposed notes that a part is removed because two people wanted it. It is called
// before the files go, so that no crash makes a loss of a disposal; the same part
// twice is noted once.
func (r *Register) Disposed(ctx context.Context, d archive.Disposal) error {
	return r.add(ctx, entry{
		What: disposed, Hearing: d.Hearing, Part: d.Part, SHA256: hex.EncodeToString(d.SHA256[:]),
		By: d.ProposedBy, ConfirmedBy: d.ConfirmedBy, ConfirmedT: d.ConfirmedAt.UnixMicro(),
	}, func(known entry) bool { return known.What == disposed })
}

// Repaired notes, before it is done, that the damaged file of a part is replaced by a
// copy: of the very file that was noted last, else it is archive.ErrSwapped and nothing
// is noted.
func (r *Register) Repaired(ctx context.Context, d archive.Repair) error {
	e := entry{What: repaired, Hearing: d.Hearing, Part: d.Part, SHA256: hex.EncodeToString(d.SHA256[:]), AskedBy: d.By}
	if d.Damaged != [32]byte{} {
		e.Damaged = hex.EncodeToString(d.Damaged[:])
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.known[e.key()]; known.What != sealed || known.SHA256 != e.SHA256 {
		return archive.ErrSwapped
	}
	return r.write(ctx, e)
}

// Supplemented notes a supplement's file; the same one twice is noted once, another one
// of its number is archive.ErrSwapped.
func (r *Register) Supplemented(ctx context.Context, b archive.SupplementBuilt) error {
	sum := hex.EncodeToString(b.SHA256[:])
	return r.add(ctx, entry{
		What: supplemented, Hearing: b.About.Hearing, Supplement: b.About.Number, Size: b.Bytes, SHA256: sum, Manifest: hex.EncodeToString(b.Manifest[:]),
	}, func(known entry) bool { return known.SHA256 == sum })
}

// LastSupplement is the highest number of a supplement that was noted of a hearing; 0:
// none was.
func (r *Register) LastSupplement(hearing string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k := range r.known {
		if k.hearing == hearing {
			n = max(n, k.supplement)
		}
	}
	return n
}

// add appends an entry durably, under a checkpoint, unless it is there. An error of
// the signer leaves the entry durable; the next checkpoint covers it.
func (r *Register) add(ctx context.Context, e entry, there func(known entry) bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := e.key()
	if there(r.known[k]) {
		return nil
	}
	if swapped(r.known[k], e) {
		return archive.ErrSwapped
	}
	return r.write(ctx, e)
}

// write appends an entry. The caller holds mu.
func (r *Register) write(ctx context.Context, e entry) error {
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("register: %w", err)
	}
	if _, err := r.log.Append(ctx, ledger.Record{Kind: ledger.KindEvent, Body: body}); err != nil {
		return fmt.Errorf("register: %w", err)
	}
	if e.What != repaired {
		r.known[e.key()] = e
	}
	if _, err := r.log.Checkpoint(ctx); err != nil {
		return fmt.Errorf("register: %w", err)
	}
	return nil
}

// Close signs what stands and closes the register; a later process goes on.
func (r *Register) Close(ctx context.Context) error {
	_, err := r.log.Suspend(ctx)
	return errors.Join(err, r.close())
}
