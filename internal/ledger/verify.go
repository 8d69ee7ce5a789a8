package ledger

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
)

// Codes of damage found in a log.
const (
	DamageLine       = "line"        // not a line, or not at its place
	DamageChain      = "chain"       // bytes of a line changed
	DamageTorn       = "torn"        // incomplete bytes behind the last line or note
	DamageNote       = "note"        // not a checkpoint, or not at its place
	DamageRoot       = "root"        // lines are not those that were signed
	DamageSignature  = "signature"   // signature of a checkpoint
	DamageKey        = "key"         // key statement
	DamageMissing    = "missing"     // a checkpoint names lines that are not there
	DamageUnsigned   = "unsigned"    // lines behind the last checkpoint
	DamageHeld       = "held"        // a checkpoint held elsewhere does not fit
	DamageAfterEnd   = "after-end"   // lines behind the end line
	DamageKeyRestart = "key-restart" // a key with another predecessor than the log's, behind a held checkpoint
	DamageGenesis    = "genesis"     // line 0 is no genesis, or a second one
	maxDamages       = 100
	// Bounds against a hostile log, whose lines may number millions.
	maxKeys   = 10_000 // a key lives a minute: a log of a week
	maxCerts  = 16     // a node has one, and another when that is renewed
	maxDetail = 300    // bytes
)

// Damage is one fault and its place. Line and LineTo are a range of line
// indices, -1 where none applies; Offset is in bytes of File, -1 unknown.
type Damage struct {
	Code   string `json:"code"`
	File   string `json:"file"`
	Line   int64  `json:"line"`
	LineTo int64  `json:"line_to"`
	Offset int64  `json:"offset"`
	Detail string `json:"detail,omitempty"`
}

// KeyUse is one key of the log.
type KeyUse struct {
	Line    uint64 `json:"line"`
	T       int64  `json:"t"`
	Epoch   int64  `json:"epoch"`
	Pub     string `json:"pub"`
	Chained bool   `json:"chained"` // signed by its predecessor; the first key counts as chained
}

// Report is what VerifyLog found.
type Report struct {
	Origin       string          `json:"origin"`
	Size         uint64          `json:"size"`
	Root         Hash            `json:"-"`
	Checkpoints  int             `json:"checkpoints"`
	Signed       uint64          `json:"signed"` // lines under the last good checkpoint
	Keys         []KeyUse        `json:"keys"`
	Certificates [][]byte        `json:"-"` // distinct DER certificates of nodes, in order
	Ended        bool            `json:"ended"`
	FirstT       int64           `json:"first_t"`
	LastT        int64           `json:"last_t"`
	Genesis      json.RawMessage `json:"-"`
	Damages      []Damage        `json:"damages"`
	More         bool            `json:"more_damages"` // more than 100 were found
	// Unvouched is, when a signer was restarted behind the last held checkpoint, how many
	// lines that checkpoint and the keys chained to it vouch for: what follows has the
	// node's certificate alone. 0: no restart there, or nothing held.
	Unvouched uint64 `json:"unvouched_from,omitempty"`
}

// Whole tells that nothing is wrong with what stands.
func (r Report) Whole() bool { return len(r.Damages) == 0 }

// VerifyOptions widen VerifyLog.
type VerifyOptions struct {
	// Held are checkpoint notes that were kept elsewhere. The log must contain
	// them; behind the last of them a key that is not signed by the one before ends
	// what they vouch for (Report.Unvouched).
	Held [][]byte
	// Running allows lines and torn bytes behind the last checkpoint.
	Running bool
	// Line, when set, sees every well-formed line in order; valid during the call.
	Line func(l Line, off int64) error
}

// VerifyLog checks a log without any secret, network or database, in one pass
// and constant memory. An error means that it could not be read.
func VerifyLog(fsys fs.FS) (Report, error) { return VerifyLogWith(fsys, VerifyOptions{}) }

// VerifyLogWith is VerifyLog with options.
func VerifyLogWith(fsys fs.FS, o VerifyOptions) (r Report, err error) {
	v := verifier{o: o, r: &r, suspect: -1}
	if err := v.parseHeld(); err != nil {
		return r, err
	}
	var log io.Reader = bytes.NewReader(nil)
	file, err := fsys.Open(LogName)
	switch {
	case err == nil:
		defer func() { err = errors.Join(err, file.Close()) }()
		log = file
	case errors.Is(err, fs.ErrNotExist) && errors.Is(lostLog(fsys, err), ErrDamaged):
		// Checkpoints without their log: the lines are missing, all of them.
	default:
		return r, fmt.Errorf("ledger: open log: %w", err)
	}
	notes, err := fsys.Open(CheckpointsName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("ledger: open checkpoints: %w", err)
	}
	if err == nil {
		defer func() { err = errors.Join(err, notes.Close()) }()
		// A running log grows: notes that are there now name lines that the log
		// holds when it is read afterwards.
		st, err := notes.Stat()
		if err != nil {
			return r, fmt.Errorf("ledger: %w", err)
		}
		v.notes = newNotes(io.LimitReader(notes, st.Size()))
	}
	if err := v.nextNote(); err != nil {
		return r, err
	}
	if err := v.lines(newLines(log)); err != nil {
		return r, err
	}
	return r, v.finish()
}

type verifier struct {
	o    VerifyOptions
	r    *Report
	tree frontier
	head Hash
	key  Key

	notes      *pieces
	note       *Note // the next one to be met
	noteOff    int64
	lastText   Hash
	lastSize   uint64
	held       []Note // sorted by size, not yet met
	heldLast   uint64
	rootBad    bool
	suspect    int64 // line whose hash the next line did not name
	suspectOff int64
}

func (v *verifier) damage(d Damage) {
	if len(v.r.Damages) >= maxDamages {
		v.r.More = true
		return
	}
	d.Detail = d.Detail[:min(len(d.Detail), maxDetail)]
	v.r.Damages = append(v.r.Damages, d)
}

func (v *verifier) parseHeld() error {
	for _, h := range v.o.Held {
		n, err := ParseNote(h)
		if err != nil {
			return fmt.Errorf("ledger: held checkpoint: %w", err)
		}
		v.held = append(v.held, n)
		v.heldLast = max(v.heldLast, n.Size)
	}
	slices.SortFunc(v.held, func(a, b Note) int { return int(int64(a.Size) - int64(b.Size)) })
	return nil
}

func (v *verifier) lines(p *pieces) error {
	for {
		raw, off, err := p.next()
		switch {
		case errors.Is(err, io.EOF):
			v.flushSuspect(false)
			return nil
		case errors.Is(err, errTorn):
			v.flushSuspect(false)
			if !v.o.Running {
				v.damage(Damage{DamageTorn, LogName, int64(v.tree.size), int64(v.tree.size), off, "incomplete last line"})
			}
			return nil
		case errors.Is(err, errOverlong):
			v.flushSuspect(false)
			v.damage(Damage{DamageLine, LogName, int64(v.tree.size), int64(v.tree.size), off, err.Error()})
			return nil
		case err != nil:
			return fmt.Errorf("ledger: read log at %d: %w", off, err)
		}
		if err := v.line(raw[:len(raw)-1], off); err != nil {
			return err
		}
	}
}

func (v *verifier) line(raw []byte, off int64) error {
	at := int64(v.tree.size)
	l, err := ParseLine(raw)
	if err == nil && l.I != v.tree.size {
		err = fmt.Errorf("line says %d", l.I)
	}
	if err != nil {
		v.flushSuspect(false)
		v.damage(Damage{DamageLine, LogName, at, at, off, err.Error()})
		v.suspect = -1
	} else {
		v.chain(l, at, off)
		if err := v.meaning(l, at, off); err != nil {
			return err
		}
	}
	v.head = ChainHash(raw)
	v.tree.add(LeafHash(raw))
	return v.meetNotes()
}

// chain compares prev with the hash of the line before. One mismatch blames the
// line before; two in a row blame the line between them, whose prev was changed.
func (v *verifier) chain(l Line, at, off int64) {
	bad := l.Prev != v.head
	switch {
	case !bad:
		v.flushSuspect(false)
	case at == 0:
		v.damage(Damage{DamageChain, LogName, 0, 0, off, "the first line has no line before it"})
	case v.suspect >= 0:
		v.flushSuspect(true)
	default:
		if n := len(v.r.Damages); n > 0 && v.r.Damages[n-1].Code == DamageLine && v.r.Damages[n-1].Line == at-1 {
			return // that line is reported already
		}
		v.suspect, v.suspectOff = max(at-1, 0), off
	}
}

// flushSuspect reports the line whose successor did not name it; shifted blames
// the successor.
func (v *verifier) flushSuspect(shifted bool) {
	if v.suspect < 0 {
		return
	}
	d := Damage{DamageChain, LogName, v.suspect, v.suspect, v.suspectOff, "hash chain broken"}
	switch {
	case shifted:
		d.Line, d.LineTo = v.suspect+1, v.suspect+1
	case v.suspect+2 == int64(v.tree.size):
		d.LineTo = v.suspect + 1 // nothing follows that could tell the two apart
	}
	v.damage(d)
	v.suspect = -1
}

func (v *verifier) meaning(l Line, at, off int64) error {
	r := v.r
	if (at == 0) != (l.Kind == KindGenesis) {
		v.damage(Damage{DamageGenesis, LogName, at, at, off, "a log has one genesis, its first line"})
	}
	if at == 0 {
		r.FirstT, r.Genesis = l.T, bytes.Clone(l.Members)
	}
	if r.Ended && !mayFollowEnd(l.Kind) {
		v.damage(Damage{DamageAfterEnd, LogName, at, at, off, string(l.Kind)})
	}
	r.LastT = l.T
	switch l.Kind {
	case KindKey:
		v.keyLine(l, at, off)
	case KindEnd:
		r.Ended = true
	}
	if v.o.Line != nil {
		return v.o.Line(l, off)
	}
	return nil
}

func (v *verifier) keyLine(l Line, at, off int64) {
	origin := v.r.Origin
	if origin == "" {
		var st Statement
		if json.Unmarshal(l.Members, &st) == nil {
			origin = st.Origin
		}
	}
	k, err := CheckStatement(l.Members, origin)
	if err != nil {
		v.damage(Damage{DamageKey, LogName, at, at, off, err.Error()})
		return
	}
	v.r.Origin = origin
	first := len(v.r.Keys) == 0
	chained := first || (k.PrevPub == v.key.Pub && k.Epoch > v.key.Epoch)
	if chained && k.Last != "" && k.Last != hex.EncodeToString(v.lastText[:]) {
		v.damage(Damage{DamageKey, LogName, at, at, off, "the key before signed another last checkpoint"})
	}
	if !chained && v.heldLast > 0 && uint64(at) >= v.heldLast {
		v.restarted(k, at, off)
	}
	v.key = k
	v.remember(KeyUse{uint64(at), l.T, k.Epoch, k.Pub, chained}, k.Node.Raw, off)
}

// restarted takes a key that is not chained to a held checkpoint. A signer that was
// restarted has lost the key before and says so: honest, and no more than what whoever
// stole the node's key could say. A key that names another one before than the log's
// is of no honest signer.
func (v *verifier) restarted(k Key, at, off int64) {
	if k.PrevPub != "" {
		v.damage(Damage{DamageKeyRestart, LogName, at, at, off, "not signed by the key before"})
		return
	}
	if v.r.Unvouched == 0 {
		v.r.Unvouched = max(v.r.Signed, v.heldLast)
	}
}

// remember lists a key and its certificate, as many as a log can have.
func (v *verifier) remember(k KeyUse, cert []byte, off int64) {
	r := v.r
	known := slices.ContainsFunc(r.Certificates, func(c []byte) bool { return bytes.Equal(c, cert) })
	if len(r.Keys) >= maxKeys || (!known && len(r.Certificates) >= maxCerts) {
		v.damage(Damage{DamageKey, LogName, int64(k.Line), int64(k.Line), off, "more keys or certificates than a log has"})
		return
	}
	r.Keys = append(r.Keys, k)
	if !known {
		r.Certificates = append(r.Certificates, bytes.Clone(cert))
	}
}

// nextNote reads the note that is to be met next; one that is none ends the row.
func (v *verifier) nextNote() error {
	v.note = nil
	if v.notes == nil {
		return nil
	}
	piece, off, err := v.notes.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case errors.Is(err, errTorn) || errors.Is(err, errOverlong):
		if !v.o.Running || errors.Is(err, errOverlong) {
			v.damage(Damage{DamageTorn, CheckpointsName, -1, -1, off, "incomplete checkpoint"})
		}
		return nil
	case err != nil:
		return fmt.Errorf("ledger: read checkpoints at %d: %w", off, err)
	}
	n, err := ParseNote(piece[:len(piece)-1])
	if err != nil {
		v.damage(Damage{DamageNote, CheckpointsName, -1, -1, off, err.Error()})
		return v.nextNote()
	}
	if n.Previous != v.lastText || n.Size < v.tree.size {
		v.damage(Damage{DamageNote, CheckpointsName, -1, -1, off, "checkpoint not at its place"})
	}
	v.note, v.noteOff = &n, off
	return nil
}

func (v *verifier) meetNotes() error {
	for len(v.held) > 0 && v.held[0].Size <= v.tree.size {
		v.meetHeld(v.held[0])
		v.held = v.held[1:]
	}
	for v.note != nil && v.note.Size <= v.tree.size {
		n, at := v.note, int64(v.note.Size)
		v.lastText = n.TextHash()
		switch {
		case n.Size < v.tree.size: // reported by nextNote
		case !n.Verify(v.key.Public) || n.Origin != v.r.Origin:
			v.damage(Damage{DamageSignature, CheckpointsName, at - 1, at - 1, v.noteOff, fmt.Sprintf("checkpoint of %d lines", n.Size)})
		case v.rootBad: // every later root is wrong for the same reason
		case n.Root != v.tree.root():
			v.rootBad = true
			v.damage(Damage{DamageRoot, LogName, int64(v.lastSize), at - 1, -1, fmt.Sprintf("checkpoint of %d lines", n.Size)})
		default:
			v.lastSize, v.r.Signed, v.r.Root = n.Size, n.Size, n.Root
		}
		v.r.Checkpoints++
		if err := v.nextNote(); err != nil {
			return err
		}
	}
	return nil
}

// meetHeld compares a checkpoint that somebody kept. Its signature must hold
// under a key of this log, and its root must be that of these lines.
func (v *verifier) meetHeld(n Note) {
	at := int64(n.Size)
	if n.Root != v.tree.root() || n.Size != v.tree.size || n.Origin != v.r.Origin || !n.Verify(v.key.Public) {
		v.damage(Damage{DamageHeld, LogName, 0, at - 1, -1, fmt.Sprintf("held checkpoint of %d lines", n.Size)})
	}
}

func (v *verifier) finish() error {
	r := v.r
	r.Size = v.tree.size
	for _, n := range v.held {
		v.damage(Damage{DamageHeld, LogName, int64(r.Size), int64(n.Size) - 1, -1, fmt.Sprintf("held checkpoint of %d lines", n.Size)})
	}
	for v.note != nil {
		detail := fmt.Sprintf("checkpoint names %d lines, %d stand", v.note.Size, r.Size)
		v.damage(Damage{DamageMissing, LogName, int64(r.Size), int64(v.note.Size) - 1, -1, detail})
		v.lastText = v.note.TextHash()
		if err := v.nextNote(); err != nil {
			return err
		}
	}
	if r.Signed < r.Size && !v.o.Running {
		v.damage(Damage{DamageUnsigned, LogName, int64(r.Signed), int64(r.Size) - 1, -1, "no checkpoint covers these lines"})
	}
	if r.Size == 0 {
		v.damage(Damage{DamageGenesis, LogName, -1, -1, 0, "empty log"})
	}
	// What names one place comes before what only says "somewhere in here".
	slices.SortStableFunc(r.Damages, func(a, b Damage) int { return vague(a) - vague(b) })
	return nil
}

func vague(d Damage) int {
	if d.Code == DamageRoot || d.Code == DamageUnsigned {
		return 1
	}
	return 0
}
