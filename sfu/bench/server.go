package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/metrics"
	"runtime/pprof"

	"golang.org/x/sync/errgroup"

	"phientoa/sfu"
)

// forwarder is a server under test.
type forwarder interface {
	// join answers the offer of a peer and gives it the sources that it asks for.
	join(ctx context.Context, r request) (sdp string, err error)
	// leave ends a peer; the last one of a room ends the room.
	leave(r request) error
	close() error
}

// newForwarder makes the contestant that h names.
func newForwarder(h hello) (forwarder, error) {
	switch h.Contestant {
	case Own:
		return newOwnForwarder(h, sfu.SendOwn)
	case PionSend:
		return newOwnForwarder(h, sfu.SendPion)
	case Pion:
		return newPionForwarder()
	default:
		return nil, fmt.Errorf("%w: contestant %q", ErrOptions, h.Contestant)
	}
}

// serve is the server process: it answers on line until the generator hangs up.
func serve(ctx context.Context, line io.ReadWriter) (err error) {
	in, out := json.NewDecoder(line), newJSONLines(line)
	var h hello
	if err := in.Decode(&h); err != nil {
		return fmt.Errorf("bench: server waits for its hello: %w", err)
	}
	if h.Profile != "" {
		stop, err := startProfile(h.Profile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	f, err := newForwarder(h)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if err := out.write(reply{}); err != nil { // ready
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxConcurrency)
	for {
		var r request
		if err := in.Decode(&r); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			err = errors.Join(err, group.Wait())
			if h.Profile != "" { // all peers are still there
				err = errors.Join(err, writeProfile("heap", h.Profile+".heap"), writeProfile("goroutine", h.Profile+".goroutines"))
			}
			return err
		}
		group.Go(func() error { return out.write(answerTo(ctx, f, r)) })
	}
}

// answerTo does what r asks for.
func answerTo(ctx context.Context, f forwarder, r request) reply {
	a := reply{Seq: r.Seq}
	var err error
	switch r.Op {
	case opJoin:
		a.SDP, err = f.join(ctx, r)
	case opLeave:
		err = f.leave(r)
	case opStats:
		a.Stats = statsNow()
	default:
		err = fmt.Errorf("bench: no request %q", r.Op)
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

// statsNow reads what the runtime counts anyway; it stops nothing.
func statsNow() serverStats {
	s := []metrics.Sample{
		{Name: "/sched/goroutines:goroutines"},
		{Name: "/gc/heap/allocs:objects"},
		{Name: "/gc/heap/tiny/allocs:objects"},
		{Name: "/gc/heap/live:bytes"},
	}
	metrics.Read(s)
	v := make([]uint64, len(s))
	for i := range s {
		if s[i].Value.Kind() == metrics.KindUint64 {
			v[i] = s[i].Value.Uint64()
		}
	}
	return serverStats{Goroutines: int(v[0]), Allocs: v[1] + v[2], Live: v[3]}
}

func startProfile(path string) (stop func() error, err error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}

// writeProfile writes what pprof knows under the name now.
func writeProfile(name, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup(name).WriteTo(file, 0), file.Close())
}
