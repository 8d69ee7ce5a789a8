package sfu

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	pionnet "github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
	"github.com/pion/webrtc/v4"
)

// Engine owns the sockets and rooms of one process.
type Engine struct {
	p     Params
	log   *slog.Logger
	pool  *packetPool
	loops []*loop
	net   pionnet.Net // of all peers: one made by Pion scans the interfaces each time
	media *webrtc.MediaEngine
	self  identity // of all peers towards their clients
	reg   *collector
	tcp   *streams       // connections of all loops
	wg    sync.WaitGroup // goroutines of peers

	halfOpen atomic.Int64  // peers without keys, see reserve
	stages   atomic.Uint32 // of pictures given up under load
	watching chan struct{} // closed when the load is not looked at any more

	mu     sync.Mutex
	rooms  map[string]*Room
	closed bool
}

// loop is one shard: its sockets, the mux that reads them, and its counters. A
// room is pinned to one loop for its life.
type loop struct {
	sockets []*socket
	streams []*streamSocket
	mux     ice.UDPMux
	homes   homes
	rooms   int // under Engine.mu
	count   counters
}

// New opens the sockets of all loops. The engine runs until Close.
func New(p Params) (*Engine, error) {
	var err error
	if p.Limits, err = p.Limits.withDefaults(); err != nil {
		return nil, err
	}
	if len(p.Addrs) == 0 {
		return nil, errors.New("sfu: no addresses to listen on")
	}
	for _, a := range p.Addrs {
		if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() {
			return nil, fmt.Errorf("sfu: %q names no address of this machine", a)
		}
	}
	if p.Loops <= 0 {
		p.Loops = runtime.GOMAXPROCS(0)
	}
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	e := &Engine{p: p, log: p.Logger, pool: newPacketPool(), rooms: map[string]*Room{}, watching: make(chan struct{}), tcp: newStreams(p.Limits)}
	if e.net, err = newMuxedNet(); err != nil {
		return nil, err
	}
	if e.media, err = mediaEngine(p.Sender); err != nil {
		return nil, err
	}
	for i := range p.Loops {
		l, err := newLoop(p, i, e.tcp)
		if err != nil {
			return nil, errors.Join(err, e.Close())
		}
		e.loops = append(e.loops, l)
	}
	e.reg = newCollector(e.loops, &e.halfOpen, &e.stages, e.tcp)
	if p.Registerer != nil {
		if err := p.Registerer.Register(e.reg); err != nil {
			return nil, errors.Join(fmt.Errorf("sfu: metrics: %w", err), e.Close())
		}
	}
	e.wg.Go(func() { e.watch(e.watching, e.meter()) })
	return e, nil
}

// muxedNet is a net without interfaces: candidates are the sockets of the muxes, yet
// Pion's agent walks all addresses of the machine twice for each peer.
type muxedNet struct{ pionnet.Net }

func newMuxedNet() (pionnet.Net, error) {
	n, err := stdnet.NewNet()
	if err != nil {
		return nil, fmt.Errorf("sfu: network interfaces: %w", err)
	}
	return muxedNet{n}, nil
}

// Interfaces are none.
func (muxedNet) Interfaces() ([]*pionnet.Interface, error) { return nil, nil }

func newLoop(p Params, index int, tcp *streams) (*loop, error) {
	l := &loop{}
	var muxes []ice.UDPMux
	for _, a := range p.Addrs {
		s, err := openSocket(netip.AddrPortFrom(a, portOf(p.Port, index)), p, &l.count)
		if err != nil {
			l.close()
			return nil, err
		}
		s.homes = &l.homes
		l.sockets = append(l.sockets, s)
		muxes = append(muxes, ice.NewUDPMuxDefault(ice.UDPMuxParams{
			UDPConn: &muxConn{UDPConn: s.conn, s: s},
			Logger:  quietLoggers().NewLogger("mux"),
		}))
		l.mux = ice.NewMultiUDPMuxDefault(muxes...)
	}
	if !p.TCP {
		return l, nil
	}
	for i, a := range p.Addrs {
		s, err := openStreamSocket(netip.AddrPortFrom(a, portOf(p.TCPPort, index)), p, tcp, &l.count)
		if err != nil {
			l.close()
			return nil, err
		}
		l.streams = append(l.streams, s)
		if s.addr == l.sockets[i].addr {
			l.close()
			return nil, fmt.Errorf("sfu: %s is to be both a UDP and a TCP candidate: the ports must differ", s.addr)
		}
		muxes = append(muxes, ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: streamMux{s}, Logger: quietLoggers().NewLogger("mux")}))
		l.mux = ice.NewMultiUDPMuxDefault(muxes...)
	}
	return l, nil
}

// portOf is the port of a loop; 0 is any.
func portOf(first uint16, index int) uint16 {
	if first == 0 {
		return 0
	}
	return first + uint16(index) //nolint:gosec // the number of loops is small
}

// quiet silences Pion: its lines name addresses, and our own log says what operators
// need. Pion asks for a dozen loggers for each peer; none of them holds anything.
type quiet struct{}

func quietLoggers() logging.LoggerFactory { return quiet{} }

func (quiet) NewLogger(string) logging.LeveledLogger { return quiet{} }

func (quiet) Trace(string)          {}
func (quiet) Tracef(string, ...any) {}
func (quiet) Debug(string)          {}
func (quiet) Debugf(string, ...any) {}
func (quiet) Info(string)           {}
func (quiet) Infof(string, ...any)  {}
func (quiet) Warn(string)           {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Error(string)          {}
func (quiet) Errorf(string, ...any) {}

func (l *loop) close() {
	if l.mux != nil {
		_ = l.mux.Close()
	}
	for _, s := range l.sockets {
		s.close()
	}
	for _, s := range l.streams {
		s.close()
	}
}

// Room opens the room or returns the open one. It is pinned to the loop with the
// fewest rooms.
func (e *Engine) Room(id string) (*Room, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, fmt.Errorf("engine: %w", ErrClosed)
	}
	if r, ok := e.rooms[id]; ok {
		return r, nil
	}
	return e.open(id, nil)
}

// behind opens the room of a gallery, on another loop than the room in front if there is one.
func (e *Engine) behind(front *Room) (*Room, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := front.id + "/gallery"
	if e.closed || e.rooms[id] != nil {
		return nil, fmt.Errorf("gallery: %w", ErrClosed)
	}
	return e.open(id, front)
}

// open makes a room; under mu.
func (e *Engine) open(id string, front *Room) (*Room, error) {
	var least *loop
	for _, l := range e.loops {
		if front != nil && l == front.loop && len(e.loops) > 1 {
			continue
		}
		if least == nil || l.rooms < least.rooms {
			least = l
		}
	}
	r, err := newRoom(e, least, id)
	if err != nil {
		return nil, err
	}
	least.rooms++
	if r.front = front; front == nil {
		least.count.rooms.Add(1)
	}
	e.rooms[id] = r
	return r, nil
}

func (e *Engine) forget(r *Room) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.rooms[r.id] == r {
		delete(e.rooms, r.id)
		r.loop.rooms--
		if r.front == nil {
			r.loop.count.rooms.Add(-1)
		}
	}
}

// MediaAddrs are the sockets that media come to, those of all loops.
func (e *Engine) MediaAddrs() []netip.AddrPort {
	var all []netip.AddrPort
	for _, l := range e.loops {
		for _, s := range l.sockets {
			all = append(all, s.addr)
		}
	}
	return all
}

// Close closes all rooms and sockets and waits for every goroutine.
func (e *Engine) Close() error {
	e.mu.Lock()
	if !e.closed {
		close(e.watching)
	}
	e.closed = true
	rooms := make([]*Room, 0, len(e.rooms))
	for _, r := range e.rooms {
		rooms = append(rooms, r)
	}
	e.mu.Unlock()
	for _, r := range rooms {
		r.Close()
	}
	e.wg.Wait()
	for _, l := range e.loops {
		l.close()
	}
	if e.p.Registerer != nil && e.reg != nil {
		e.p.Registerer.Unregister(e.reg)
	}
	return nil
}
