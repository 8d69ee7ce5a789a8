package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// Recovery says what Open found.
type Recovery struct {
	Size      uint64 // lines kept
	TornBytes int64  // bytes behind them put aside
	TornFile  string // where, empty when none
	TornNotes int64  // bytes of incomplete notes put aside
	LastT     int64  // time of the last kept line, UTC unix microseconds
	// Genesis is the body of line 0.
	Genesis json.RawMessage
}

type recoveredBody struct {
	Size      uint64 `json:"size"`
	TornBytes int64  `json:"torn_bytes"`
	TornFile  string `json:"torn_file,omitempty"`
	TornSHA   string `json:"torn_sha256,omitempty"`
	TornNotes int64  `json:"torn_note_bytes"`
	NotesFile string `json:"torn_note_file,omitempty"`
	NotesSHA  string `json:"torn_note_sha256,omitempty"`
}

// Create begins a log: genesis, first key and first checkpoint are durable when
// it returns. A directory in which nothing was ever acknowledged is used again.
func Create(ctx context.Context, p Params) (*Log, error) {
	if err := p.defaults(); err != nil {
		return nil, err
	}
	file, err := createOrEmpty(p.FS, LogName)
	if err != nil {
		return nil, err
	}
	notes, err := createOrEmpty(p.FS, CheckpointsName)
	if err == nil {
		err = p.FS.SyncDir(".")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ledger: create log: %w", err), file.Close())
	}
	l := newLog(p, file, Hash{}, frontier{}, 0)
	l.cp.file, l.cp.doubt = notes, true
	if _, err = l.Append(ctx, Record{Kind: KindGenesis, Body: p.Genesis}); err == nil {
		_, err = l.Checkpoint(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// createOrEmpty makes a file, or takes one up in which nothing complete stands:
// the trace of a Create that never finished, put aside into torn/.
func createOrEmpty(fsys FS, name string) (File, error) {
	file, err := fsys.Create(name)
	if err == nil || !errors.Is(err, fs.ErrExist) {
		return file, err
	}
	if file, err = fsys.Append(name); err != nil { // the lock before any judgement
		return nil, err
	}
	sc, err := scanForRecovery(fsys, "")
	if err == nil || !errors.Is(err, ErrEmpty) {
		return nil, errors.Join(ErrExists, file.Close())
	}
	t := sc.lines
	if name == CheckpointsName {
		t = sc.notes
	}
	var where, sum string
	var n int64
	if err := t.aside(fsys, name, &where, &sum, &n); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Open goes on with a log: keeps every complete chained line, puts a torn tail
// aside, verifies the checkpoints that stand, and takes up a new key. Less than
// the last checkpoint names is ErrDamaged.
func Open(ctx context.Context, p Params) (*Log, Recovery, error) {
	var rec Recovery
	if err := p.defaults(); err != nil {
		return nil, rec, err
	}
	// The lock comes first: what another process still writes is not to be judged.
	file, err := p.FS.Append(LogName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, rec, lostLog(p.FS, err)
	}
	if err != nil {
		return nil, rec, fmt.Errorf("ledger: open log: %w", err)
	}
	l, rec, err := reopen(ctx, p, file)
	if err != nil {
		_ = file.Close() // a second close where the log had taken it over
		return nil, rec, err
	}
	return l, rec, nil
}

// lostLog tells a directory that was never used from one whose log is gone: a
// checkpoint is written only after the lines that it names.
func lostLog(fsys fs.FS, missing error) error {
	notes, err := readNotes(fsys, new(tail))
	if err != nil {
		return err
	}
	if n := len(notes); n > 0 {
		return fmt.Errorf("%w: checkpoint names %d lines, there is no log", ErrDamaged, notes[n-1].Size)
	}
	return fmt.Errorf("ledger: open log: %w", missing)
}

func reopen(ctx context.Context, p Params, file File) (*Log, Recovery, error) {
	sc, err := scanForRecovery(p.FS, p.Origin)
	rec := Recovery{Size: sc.tree.size, LastT: sc.lastT, Genesis: sc.genesis}
	unsigned := errors.Is(err, ErrEnded) && sc.last.Size < sc.tree.size
	if err != nil && !unsigned {
		return nil, rec, err
	}
	body := recoveredBody{Size: sc.tree.size}
	if err := sc.lines.aside(p.FS, LogName, &body.TornFile, &body.TornSHA, &body.TornBytes); err != nil {
		return nil, rec, err
	}
	if err := sc.notes.aside(p.FS, CheckpointsName, &body.NotesFile, &body.NotesSHA, &body.TornNotes); err != nil {
		return nil, rec, err
	}
	rec.TornBytes, rec.TornFile, rec.TornNotes = body.TornBytes, body.TornFile, body.TornNotes
	notes, err := p.FS.Append(CheckpointsName)
	if errors.Is(err, fs.ErrNotExist) {
		if notes, err = p.FS.Create(CheckpointsName); err == nil {
			err = p.FS.SyncDir(".")
		}
	}
	if err != nil {
		return nil, rec, fmt.Errorf("ledger: open checkpoints: %w", err)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, rec, err
	}
	l := newLog(p, file, sc.head, sc.tree, sc.lastT)
	l.cp.file, l.cp.last, l.cp.key = notes, sc.last, sc.key
	if sc.last.Size > 0 {
		l.cp.lastText = sc.last.TextHash()
	}
	l.cp.doubt, l.cp.born = true, p.Now().Add(-p.RotateEvery) // a new epoch at once
	if _, err = l.Append(ctx, Record{Kind: KindRecovered, Body: raw}); err == nil {
		_, err = l.Checkpoint(ctx)
	}
	if err != nil {
		return nil, rec, errors.Join(err, l.Close())
	}
	if unsigned { // the process died between the end line and its checkpoint
		_, err := l.Suspend(ctx)
		return nil, rec, errors.Join(ErrEnded, err)
	}
	return l, rec, nil
}

// tail is what stands behind the good bytes of a file.
type tail struct{ good, total int64 }

// aside copies bytes behind good into torn/ and cuts them off, durably and in
// this order.
func (t tail) aside(fsys FS, name string, file, sum *string, n *int64) error {
	if t.good == t.total {
		return nil
	}
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	_, err = io.CopyN(io.Discard, f, t.good)
	var rest []byte
	if err == nil {
		rest, err = io.ReadAll(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("ledger: read torn tail: %w", err)
	}
	digest := sha256.Sum256(rest)
	if err := fsys.Mkdir(TornDir); err != nil {
		return err
	}
	target := fmt.Sprintf("%s/%s-%d-%s", TornDir, strings.TrimSuffix(name, ".jsonl"), t.good, hexHash(digest)[:8])
	target, err = keep(fsys, target, rest)
	if err == nil {
		err = errors.Join(fsys.SyncDir(TornDir), fsys.SyncDir("."), fsys.Truncate(name, t.good))
	}
	if err != nil {
		return fmt.Errorf("ledger: put torn tail aside: %w", err)
	}
	*file, *sum, *n = target, hexHash(digest), int64(len(rest))
	return nil
}

// maxKept bounds the names tried for one torn tail.
const maxKept = 1000

// keep writes a torn tail durably and returns where. A recovery that died
// between the copy and the cut left its copy: that one is taken up, and
// completed when it is the beginning of the tail; only what differs is left
// alone, and the tail gets the next number.
func keep(fsys FS, target string, rest []byte) (string, error) {
	for n := 1; n <= maxKept; n++ {
		name := target
		if n > 1 {
			name = fmt.Sprintf("%s-%d", target, n)
		}
		missing := rest
		out, err := fsys.Create(name)
		if errors.Is(err, fs.ErrExist) {
			have, readErr := fs.ReadFile(fsys, name)
			if readErr != nil {
				return "", readErr
			}
			if !bytes.HasPrefix(rest, have) {
				continue
			}
			missing = rest[len(have):]
			out, err = fsys.Append(name)
		}
		if err != nil {
			return "", err
		}
		return name, errors.Join(writeSync(out, missing), out.Close())
	}
	return "", fmt.Errorf("%d other copies of %s", maxKept, target)
}

// mayFollowEnd: only what a restart needs in order to sign an end line.
func mayFollowEnd(k Kind) bool { return k == KindRecovered || k == KindKey }

type recoveryScan struct {
	head         Hash
	tree         frontier
	lastT        int64
	genesis      json.RawMessage
	key          Key
	last         Note
	lines, notes tail
}

// scanForRecovery finds the longest chained prefix and the notes that hold over it.
func scanForRecovery(fsys fs.FS, origin string) (recoveryScan, error) {
	var s recoveryScan
	roots := map[uint64]Hash{}
	notes, err := readNotes(fsys, &s.notes)
	if err != nil {
		return s, err
	}
	want := map[uint64]bool{}
	for _, n := range notes {
		want[n.Size] = true
	}
	ended, err := s.scanLog(fsys, origin, want, roots)
	if err != nil {
		return s, err
	}
	if s.tree.size == 0 && len(notes) == 0 {
		return s, ErrEmpty
	}
	for _, n := range notes {
		root, ok := roots[n.Size]
		if !ok {
			return s, fmt.Errorf("%w: checkpoint names %d lines, %d stand", ErrDamaged, n.Size, s.tree.size)
		}
		if root != n.Root || (origin != "" && n.Origin != origin) {
			return s, fmt.Errorf("%w: checkpoint of %d lines does not hold", ErrDamaged, n.Size)
		}
		s.last = n
	}
	if ended {
		return s, ErrEnded
	}
	return s, nil
}

func (s *recoveryScan) scanLog(fsys fs.FS, origin string, want map[uint64]bool, roots map[uint64]Hash) (ended bool, err error) {
	f, err := fsys.Open(LogName)
	if err != nil {
		return false, fmt.Errorf("ledger: open log: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	st, err := f.Stat()
	if err != nil {
		return false, err
	}
	s.lines.total = st.Size()
	for p := newLines(f); ; {
		raw, _, err := p.next()
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, errTorn) || errors.Is(err, errOverlong) {
				return ended, nil
			}
			return ended, fmt.Errorf("ledger: read log: %w", err)
		}
		l, err := ParseLine(raw[:len(raw)-1])
		if err != nil || l.I != s.tree.size || l.Prev != s.head || (ended && !mayFollowEnd(l.Kind)) {
			return ended, nil // the tail begins here; checkpoints say whether that may be
		}
		switch l.Kind {
		case KindGenesis:
			s.genesis = bytes.Clone(l.Members)
		case KindKey:
			if origin != "" {
				if s.key, err = CheckStatement(l.Members, origin); err != nil {
					return ended, fmt.Errorf("%w: line %d: %w", ErrDamaged, l.I, err)
				}
			}
		case KindEnd:
			ended = true
		}
		s.head, s.lastT = ChainHash(l.Raw), l.T
		s.tree.add(LeafHash(l.Raw))
		s.lines.good = p.off
		if want[s.tree.size] {
			roots[s.tree.size] = s.tree.root()
		}
	}
}

// readNotes reads the complete notes in front of the first piece that is none.
func readNotes(fsys fs.FS, t *tail) (notes []Note, err error) {
	f, err := fsys.Open(CheckpointsName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: open checkpoints: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	t.total = st.Size()
	var previous Hash
	for p := newNotes(f); ; {
		piece, _, err := p.next()
		if err != nil {
			return notes, nil // the torn tail is the caller's, by t
		}
		n, err := ParseNote(piece[:len(piece)-1])
		if err != nil || n.Previous != previous {
			return notes, nil
		}
		previous = n.TextHash()
		n.Note = bytes.Clone(n.Note)
		notes, t.good = append(notes, n), p.off
	}
}

// Further tells of two copies of one log whether a is ahead of b: it has a checkpoint
// and b has none, its lines are more bytes or, where they are as many, its last
// checkpoint covers more. Neither is verified; one that cannot be read is behind.
func Further(a, b fs.FS) bool {
	return slices.Compare(reach(a), reach(b)) > 0
}

func reach(fsys fs.FS) []uint64 {
	cp, err := LastCheckpoint(fsys)
	info, statErr := fs.Stat(fsys, LogName)
	if err != nil {
		return []uint64{0}
	}
	if statErr != nil {
		return []uint64{1, 0, cp.Size}
	}
	return []uint64{1, uint64(info.Size()), cp.Size}
}

// LastCheckpoint reads the last complete note of a log, without verifying it.
func LastCheckpoint(fsys fs.FS) (Checkpoint, error) {
	var t tail
	notes, err := readNotes(fsys, &t)
	if err != nil {
		return Checkpoint{}, err
	}
	if len(notes) == 0 {
		return Checkpoint{}, ErrEmpty
	}
	return notes[len(notes)-1].Checkpoint, nil
}
