package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"phientoa/internal/hearing"
	"phientoa/internal/ledger"
	"phientoa/recording"
	"phientoa/recording/register"
	"phientoa/signaling"
)

// recorder lets rooms use package recording; the two know nothing of each other.
type recorder struct {
	dir    string
	node   string
	signer ledger.Signer
	// register notes openings; nil: it could not be opened.
	register *register.Register
	logger   *slog.Logger
	// written counts the bytes of evidence files; nil counts none.
	written func(n int)
	// ended is told the directory of a part that was closed.
	ended func(part string)
}

func (n *node) recorder() *recorder {
	return &recorder{
		dir: n.evidenceDir(), node: n.p.Node, signer: n.signer, register: n.register, logger: n.logger, written: n.evidenceWritten(),
		ended: n.sealer.Add,
	}
}

// leastFree is how much the disk must take before a recording may begin: about
// an hour of eight cameras.
const leastFree = 4 << 30

// Open implements signaling.Recorder.
func (r *recorder) Open(ctx context.Context, p signaling.EvidenceParams) (signaling.Evidence, error) {
	genesis, err := json.Marshal(struct {
		Software string          `json:"software"`
		Booking  hearing.Booking `json:"booking"`
		Register *register.Head  `json:"register,omitempty"`
	}{"phientoa " + version(), p.Booking, r.head()})
	if err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	params := recording.Params{
		Dir: r.dir, Hearing: string(p.Hearing), Node: r.node, Genesis: genesis, Epoch: p.Epoch,
		Signer: r.signer, Notify: p.Notify, Rand: rand.Reader, Logger: r.logger,
		FS: r.partFS,
	}
	if p.Room != nil { // not a typed nil
		params.Room = p.Room
	}
	part, err := recording.Open(ctx, params)
	if err != nil {
		return nil, err
	}
	r.opened(ctx, string(p.Hearing), part.Dir())
	return endingPart{part, r.ended}, nil
}

// head is how far the register is, for the part that begins.
func (r *recorder) head() *register.Head {
	if r.register == nil {
		return nil
	}
	if h := r.register.Head(); h.Size > 0 {
		return &h
	}
	return nil
}

// registerTime bounds what the opening of a hearing waits for the register.
const registerTime = 2 * time.Second

// opened notes a part in the register. A hearing does not depend on it: what could
// not be noted is told by the audit.
func (r *recorder) opened(ctx context.Context, hearing, dir string) {
	if r.register == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, registerTime)
	defer cancel()
	var part int
	_, err := fmt.Sscanf(filepath.Base(dir), "part-%d", &part)
	if err == nil {
		err = r.register.Opened(ctx, hearing, part)
	}
	if err != nil {
		r.logger.Error("opening not noted in the register", "hearing", hearing, "part", filepath.Base(dir), "err", err)
	}
}

// endingPart has a part sealed when it has ended. A close that failed is the
// sealing's to judge: it waits for the end line and signs it where that lacks.
type endingPart struct {
	*recording.Part
	ended func(part string)
}

// Close implements signaling.Evidence.
func (p endingPart) Close(ctx context.Context) error {
	err := p.Part.Close(ctx)
	p.ended(p.Dir())
	return err
}

// Ready implements signaling.Recorder.
func (r *recorder) Ready(context.Context) *hearing.Refusal {
	free, err := recording.Free(r.dir)
	if err == nil && free >= leastFree {
		return nil
	}
	return &hearing.Refusal{
		Code: "disk_low",
		Vi:   "Ổ đĩa ghi hình không đủ chỗ trống.",
		En:   "The recording disk has too little room.",
	}
}

// Held returns the event lines of an outage that wait to be carried over,
// without opening the evidence log.
func (r *recorder) Held(_ context.Context, id hearing.ID) ([][]byte, error) {
	return recording.Held(filepath.Join(r.dir, string(id)))
}

// Unfinished tells whether the hearing's latest part lacks its end line.
func (r *recorder) Unfinished(_ context.Context, id hearing.ID) bool {
	parts, err := filepath.Glob(filepath.Join(r.dir, string(id), "part-*", "log.jsonl"))
	if err != nil || len(parts) == 0 {
		return false
	}
	slices.Sort(parts)
	last, err := lastLine(parts[len(parts)-1])
	if err != nil {
		r.logger.Warn("evidence log not readable", "hearing", id, "err", err)
		return false
	}
	var line struct {
		Kind ledger.Kind `json:"k"`
	}
	return json.Unmarshal(last, &line) != nil || line.Kind != ledger.KindEnd
}

// AllUnfinished lists the hearings of which this is so.
func (r *recorder) AllUnfinished(ctx context.Context) ([]hearing.ID, error) {
	entries, err := os.ReadDir(r.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	var list []hearing.ID
	for _, e := range entries {
		if id := hearing.ID(e.Name()); e.IsDir() && ctx.Err() == nil && r.Unfinished(ctx, id) {
			list = append(list, id)
		}
	}
	return list, ctx.Err()
}

// lastLine reads the last complete line of a file whose lines are below 1 MiB.
func lastLine(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	const most = 1 << 20
	buf := make([]byte, min(end, most))
	if _, err := f.ReadAt(buf, end-int64(len(buf))); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	buf = bytes.TrimSuffix(buf, []byte("\n"))
	return buf[bytes.LastIndexByte(buf, '\n')+1:], nil
}
