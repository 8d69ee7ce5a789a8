package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"phientoa/internal/hearing"
	"phientoa/internal/ledger"
	"phientoa/recording"
	"phientoa/signaling"
)

// recorder lets rooms use package recording; the two know nothing of each other.
type recorder struct {
	dir    string
	second string // where recordings go on when dir fails; empty: none
	node   string
	signer ledger.Signer
	logger *slog.Logger
	// written counts the bytes of evidence files; nil counts none.
	written func(n int)
	// ended is told the directory of a part that was closed.
	ended func(part string)
}

func (n *node) recorder() *recorder {
	return &recorder{
		dir: n.evidenceDir(), second: n.p.EvidenceSecond, node: n.p.Node, signer: n.signer, logger: n.logger, written: n.evidenceWritten(),
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
	}{"phientoa " + version(), p.Booking})
	if err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	params := recording.Params{
		Dir: r.dir, Second: r.second, Hearing: string(p.Hearing), Node: r.node, Genesis: genesis, Epoch: p.Epoch,
		Signer: r.signer, Notify: p.Notify, Rand: rand.Reader, Logger: r.logger,
		FS: r.partFS, Ended: r.ended,
	}
	if p.Room != nil { // not a typed nil
		params.Room = p.Room
	}
	return opened(recording.Begin(ctx, params))
}

// opened keeps a nil *Sitting from becoming an Evidence.
func opened(s *recording.Sitting, err error) (signaling.Evidence, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
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
	return recording.Held(r.dirs(id)...)
}

// dirs are the directories of a hearing's evidence.
func (r *recorder) dirs(id hearing.ID) []string {
	dirs := []string{filepath.Join(r.dir, string(id))}
	if r.second != "" {
		dirs = append(dirs, filepath.Join(r.second, string(id)))
	}
	return dirs
}

// Unfinished tells whether the hearing's latest part lacks its end line.
func (r *recorder) Unfinished(_ context.Context, id hearing.ID) bool {
	part, err := recording.LastPart(r.dirs(id)...)
	if err != nil || part == "" {
		return false
	}
	last, err := lastLine(filepath.Join(part, ledger.LogName))
	if err != nil {
		r.logger.Warn("evidence log not readable", "hearing", id, "err", err)
		return false
	}
	var line struct {
		Kind ledger.Kind `json:"k"`
	}
	return json.Unmarshal(last, &line) != nil || line.Kind != ledger.KindEnd
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
