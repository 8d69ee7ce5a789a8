//go:build !verifier

package recording

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"phientoa/internal/ledger"
	"phientoa/sfu"
)

func (p *Params) defaults() error {
	if p.Dir == "" || p.Signer == nil || p.Notify == nil || p.Rand == nil {
		return errors.New("recording: Dir, Signer, Notify and Rand are required")
	}
	if p.Hearing == "" || !filepath.IsLocal(p.Hearing) || strings.ContainsAny(p.Hearing, `/\`) {
		return fmt.Errorf("recording: hearing %q is not a name", p.Hearing)
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	if p.FS == nil {
		p.FS = ledger.DirFS
	}
	if len(p.Genesis) == 0 {
		p.Genesis = json.RawMessage("{}")
	}
	p.Limits.defaults()
	return nil
}

// entries are what stands of parts in a hearing's directory, by number.
type entries struct {
	here      []int // the parts themselves
	elsewhere []int // those that are said to stand elsewhere
	lost      []int // those that are said to be lost
}

func readEntries(root string) (out entries, err error) {
	list, err := os.ReadDir(root)
	if err != nil {
		return out, fmt.Errorf("recording: %w", err)
	}
	for _, e := range list {
		for _, kind := range []struct {
			ext string
			dir bool
			to  *[]int
		}{{"", true, &out.here}, {ElsewhereExt, false, &out.elsewhere}, {LostExt, false, &out.lost}} {
			if n, ok := PartNumber(e.Name(), kind.ext); ok && e.IsDir() == kind.dir {
				*kind.to = append(*kind.to, n)
			}
		}
	}
	return out, nil
}

// openDir makes the directory of a part and a Part without its log.
func (p Params) openDir(root string, number int) (*Part, ledger.Params, error) {
	dir := filepath.Join(root, PartDir(number))
	if err := mkdirSynced(root, dir); err != nil {
		return nil, ledger.Params{}, err
	}
	fsys, err := p.FS(dir)
	if err != nil {
		return nil, ledger.Params{}, fmt.Errorf("recording: %w", err)
	}
	part := &Part{
		p: p, root: root, number: number, base: p.Now(), fs: fsys,
		queue:   newQueue(p.Limits.QueuePackets, p.Limits.QueueBytes),
		tracks:  map[sfu.SourceID]*track{},
		status:  &status{notify: p.Notify, now: p.Now, limit: p.Limits.Durable},
		ex:      exhibits{turn: make(chan struct{}, 1)},
		leaving: make(chan struct{}), elsewhere: p.Second != "",
	}
	if root != p.roots()[0] {
		part.status.standing = troubleSecond
	}
	if part.elsewhere {
		part.status.hung = func() { part.give(CauseDisk) }
	}
	return part, ledger.Params{
		FS: fsys, Origin: Origin(p.Node, p.Hearing, number), Signer: p.Signer, Now: p.Now, Base: part.base,
		Rand: p.Rand, Logger: p.Logger,
	}, nil
}

// open goes on with a part or begins it. carried are the sources that a new part
// has to account for.
func (p Params) open(ctx context.Context, root string, number int, previous *previousPart, carried []carry) (_ *Part, err error) {
	part, lp, err := p.openDir(root, number)
	if err != nil {
		return nil, err
	}
	if p.Mirror {
		part.mirrors(&lp)
	}
	defer func() {
		if err != nil {
			if part.log != nil {
				err = errors.Join(err, part.log.Close())
			}
			err = errors.Join(err, part.fs.Close())
		}
	}()
	if err := errors.Join(part.fs.Mkdir(mediaDir), part.fs.SyncDir(".")); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	var rec ledger.Recovery
	part.log, rec, err = ledger.Open(ctx, lp)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, ledger.ErrEmpty):
		if lp.Genesis, err = json.Marshal(genesisBody{
			Version: 1, Hearing: p.Hearing, Node: p.Node, Part: number, Epoch: p.Epoch, Previous: previous, Session: p.Genesis,
		}); err != nil {
			return nil, fmt.Errorf("recording: genesis: %w", err)
		}
		part.log, err = ledger.Create(ctx, lp)
		part.expect(carried)
	case err == nil:
		err = part.recover(ctx, rec, true)
	}
	if err != nil {
		return nil, fmt.Errorf("recording: part %d: %w", number, err)
	}
	return part, part.start()
}

// expect makes the tracks of sources that the part before had open.
func (p *Part) expect(carried []carry) {
	for _, c := range carried {
		t := &track{id: fmt.Sprintf("t%03d", len(p.order)+1), info: c.info, away: c.from, awayCause: c.cause}
		p.tracks[c.info.Source], p.order = t, append(p.order, t)
	}
}

// SignEnd signs the end line of a part whose process died before it did. part
// is its directory, whose log has its end line; FS and Origin of p are filled in.
func SignEnd(ctx context.Context, part string, p ledger.Params) error {
	fsys, err := ledger.DirFS(part)
	if err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	found, err := ledger.VerifyLog(fsys)
	if err == nil {
		p.FS, p.Origin = fsys, found.Origin
		var log *ledger.Log
		if log, _, err = ledger.Open(ctx, p); err == nil {
			err = errors.Join(errors.New("the part has not ended"), log.Close())
		}
	}
	if err = errors.Join(err, fsys.Close()); errors.Is(err, ledger.ErrEnded) {
		return nil
	}
	return fmt.Errorf("recording: %w", err)
}

func mkdirSynced(root, dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("recording: %w", err)
	}
	return errors.Join(syncDir(root), syncDir(filepath.Dir(root)))
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	return nil
}

// lastNote reads what a new genesis says about the part before; a damaged one is
// named without a root.
func (p Params) lastNote(root string, number int) *previousPart {
	out := &previousPart{Part: number}
	cp, err := ledger.LastCheckpoint(os.DirFS(filepath.Join(root, PartDir(number))))
	if err == nil {
		out.Size, out.Root, out.Note = cp.Size, hex.EncodeToString(cp.Root[:]), string(cp.Note)
	}
	return out
}

// earlier is what the lines of earlier processes say of one track.
type earlier struct {
	track  trackOpenBody
	open   bool
	lastT  int64
	lastNS int64
	seg    segBody // its last
}

// extend moves the end of what is recorded over the whole clusters that stand
// behind the last record.
func (p *Part) extend(e *earlier, f recoveredFile) (err error) {
	in, err := p.fs.Open(f.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	at, ok := in.(io.ReaderAt)
	if !ok {
		return nil
	}
	ms, ok := lastBlock(io.NewSectionReader(at, f.Offset, f.Length))
	base := e.lastT
	defer func() { e.notAfter(max(base, writtenAt(in))) }()
	switch {
	case !ok:
	case f.Offset == 0: // no record of this file yet: it began after the track was opened
		e.lastT, e.lastNS = e.lastT+ms*1000, e.lastNS+ms*1e6
	case e.seg.File == f.File && ms > e.seg.ToMS:
		e.lastT, e.lastNS = e.seg.ToT+(ms-e.seg.ToMS)*1000, e.seg.ToNS+(ms-e.seg.ToMS)*1e6
	}
	return nil
}

// notAfter keeps the end of the recorded media from lying after the last write:
// media time runs by the sender's clock, which a late arrival lets run ahead.
func (e *earlier) notAfter(t int64) {
	if over := e.lastT - t; over > 0 {
		e.lastT, e.lastNS = e.lastT-over, e.lastNS-over*1e3
	}
}

// writtenAt is when the file was last written, in UTC unix microseconds; the far
// future when that is not known.
func writtenAt(f fs.File) int64 {
	info, err := f.Stat()
	if err != nil || info.ModTime().IsZero() {
		return math.MaxInt64
	}
	return info.ModTime().UnixMicro()
}

// recover reads the part's lines, names media bytes behind the last record and,
// when the part goes on, writes the gap between the last recorded media and now.
func (p *Part) recover(ctx context.Context, rec ledger.Recovery, goesOn bool) error {
	seen := map[string]*earlier{}
	var ids []string
	covered := map[string]int64{}
	owner := map[string]string{}
	err := ledger.Lines(p.fs, func(l ledger.Line) (bool, error) {
		if l.I >= rec.Size {
			return false, nil
		}
		return true, p.replay(l, func(id string) *earlier {
			if seen[id] == nil {
				seen[id] = &earlier{}
				ids = append(ids, id)
			}
			return seen[id]
		}, covered, owner)
	})
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	files, numbers, err := p.tails(covered, owner)
	if err != nil {
		return err
	}
	now := p.p.Now()
	out, err := p.tornExhibits()
	if err != nil {
		return err
	}
	for _, f := range files {
		out = append(out, record(ledger.KindRecovered, f))
	}
	for _, f := range files {
		if e := seen[f.Track]; e != nil {
			if err := p.extend(e, f); err != nil {
				return err
			}
		}
	}
	for _, id := range ids {
		e := seen[id]
		src := sfu.SourceID{Peer: e.track.Source.Device, Kind: sfu.SourceKind(e.track.Source.Kind)}
		t := &track{id: id, files: numbers[id]}
		p.tracks[src], p.order = t, append(p.order, t)
		if e.open && goesOn {
			t.away, t.awayCause = now, CauseRestart
			out = append(out, record(ledger.KindGap, gapBody{
				Track: id, Cause: CauseRestart, FromT: e.lastT, ToT: now.UnixMicro(), FromNS: e.lastNS, ToNS: p.ns(now), By: "recorder",
			}))
		}
	}
	if goesOn {
		out = append(out, record(ledger.KindRecovered, restartBody{Epoch: p.p.Epoch, Files: len(files)}))
	}
	if _, err := p.log.Append(ctx, out...); err != nil {
		return err
	}
	_, err = p.log.Checkpoint(ctx)
	return err
}

func (p *Part) replay(l ledger.Line, get func(string) *earlier, covered map[string]int64, owner map[string]string) error {
	switch l.Kind {
	case ledger.KindEvent:
		return p.ev.replay(l.Members)
	case ledger.KindExhibit:
		return p.ex.replay(l.Members)
	case ledger.KindTrackOpen:
		var b trackOpenBody
		if err := json.Unmarshal(l.Members, &b); err != nil {
			return err
		}
		e := get(b.Track)
		e.track, e.open, e.lastT, e.lastNS = b, true, l.T, l.MonoNS
	case ledger.KindTrackClose:
		var b trackCloseBody
		if err := json.Unmarshal(l.Members, &b); err != nil {
			return err
		}
		if b.File != "" { // the file ended, the track goes on
			covered[b.File] = -1 // nothing behind its end is ever named
			return nil
		}
		e := get(b.Track)
		e.open, e.lastT, e.lastNS = b.Why == whySuspend, l.T, l.MonoNS
	case ledger.KindSeg:
		var b segBody
		if err := json.Unmarshal(l.Members, &b); err != nil {
			return err
		}
		e := get(b.Track)
		e.lastT, e.lastNS, e.seg = b.ToT, b.ToNS, b
		covered[b.File], owner[b.File] = b.Offset+b.Length, b.Track
	case ledger.KindRecovered:
		var b recoveredFile
		if err := json.Unmarshal(l.Members, &b); err != nil {
			return err
		}
		if b.File != "" {
			covered[b.File], owner[b.File] = b.Offset+b.Length, b.Track
		}
	case ledger.KindGap:
		var b gapBody
		if err := json.Unmarshal(l.Members, &b); err != nil {
			return err
		}
		// Named up to here. The track counts as open until a track-close: when the
		// process dies again before the source is back, what follows is a gap too.
		if b.Cause == CauseRestart || b.Cause == CauseSilent {
			if e := get(b.Track); b.ToT > e.lastT {
				e.lastT, e.lastNS = b.ToT, b.ToNS
			}
		}
	}
	return nil
}

// tails makes every media file durable and returns the bytes that no line names,
// and the highest number of a file of each track.
func (p *Part) tails(covered map[string]int64, owner map[string]string) (out []recoveredFile, numbers map[string]int, err error) {
	entries, err := fs.ReadDir(p.fs, mediaDir)
	if err != nil {
		return nil, nil, err
	}
	// The entries too: a name that stands in a line must outlast a loss of power.
	if err := p.fs.SyncDir(mediaDir); err != nil {
		return nil, nil, fmt.Errorf("sync %s: %w", mediaDir, err)
	}
	numbers = map[string]int{}
	for _, e := range entries {
		name := mediaDir + "/" + e.Name()
		from := covered[name]
		id, number, ok := parseMediaName(e.Name())
		if !ok {
			continue // foreign; verify says so
		}
		numbers[id] = max(numbers[id], number)
		info, err := e.Info()
		if err != nil {
			return nil, nil, err
		}
		if from < 0 || (info.Size() == from && owner[name] != "") {
			continue
		}
		f, err := p.fs.Append(name)
		if err == nil {
			err = errors.Join(f.Sync(), f.Close())
		}
		if err != nil {
			return nil, nil, fmt.Errorf("sync %s: %w", name, err)
		}
		sum, n, err := hashRange(p.fs, name, from, info.Size()-from)
		if err != nil {
			return nil, nil, err
		}
		out = append(out, recoveredFile{Track: id, File: name, Offset: from, Length: n, SHA256: sum})
	}
	return out, numbers, nil
}

func hashRange(fsys fs.FS, name string, off, n int64) (sum string, got int64, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if s, ok := f.(io.Seeker); ok {
		_, err = s.Seek(off, io.SeekStart)
	} else {
		_, err = io.CopyN(io.Discard, f, off)
	}
	if err != nil {
		return "", 0, err
	}
	h := sha256.New()
	got, err = io.CopyN(h, f, n)
	return hex.EncodeToString(h.Sum(nil)), got, err
}

// Free tells how many bytes the disk under dir still takes. dir need not exist yet.
func Free(dir string) (int64, error) {
	for {
		var st unix.Statfs_t
		err := unix.Statfs(dir, &st)
		if err == nil {
			return int64(st.Bavail) * st.Bsize, nil
		}
		parent := filepath.Dir(dir)
		if !errors.Is(err, unix.ENOENT) || parent == dir {
			return 0, fmt.Errorf("recording: free space of %s: %w", dir, err)
		}
		dir = parent
	}
}

// Ready tells whether the part's disk still takes bytes: free bytes, or why not.
func (p *Part) Ready(context.Context) (freeBytes int64, err error) {
	if err := p.log.Err(); err != nil {
		return 0, err
	}
	return Free(p.Dir())
}
