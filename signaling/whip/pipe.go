package whip

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"phientoa/internal/wire"
	"phientoa/signaling"
)

// pipe is the connection between the two ends of this process: signaling holds it as
// its Conn, the session speaks for the device.
type pipe struct {
	up, down chan []byte
	done     chan struct{}
	close    func()
	heard    atomic.Int64 // unix nanoseconds of the encoder's last request; 0: it waits for an answer, or sends nothing
}

// pipeRoom is what may lie in each direction; whoever is faster waits.
const pipeRoom = 16

func newPipe() *pipe {
	p := &pipe{up: make(chan []byte, pipeRoom), down: make(chan []byte, pipeRoom), done: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.done) })
	return p
}

// hears notes that the encoder was there just now.
func (p *pipe) hears() { p.heard.Store(time.Now().UnixNano()) }

// Read implements signaling.Conn.
func (p *pipe) Read() (text bool, data []byte, err error) {
	select {
	case b := <-p.up:
		return false, b, nil
	case <-p.done:
		return false, nil, io.EOF
	}
}

// Write implements signaling.Conn.
func (p *pipe) Write(_ bool, data []byte) error {
	select {
	case p.down <- data:
		return nil
	case <-p.done:
		return io.ErrClosedPipe
	}
}

// Ping implements signaling.Conn. There is nobody to answer: of an encoder its media
// tell that it is there, of a wall its ICE.
func (p *pipe) Ping() error { return nil }

// Silence implements signaling.Conn.
func (p *pipe) Silence() time.Duration {
	at := p.heard.Load()
	if at == 0 {
		return 0
	}
	return time.Since(time.Unix(0, at))
}

// Free implements signaling.Conn.
func (p *pipe) Free() time.Duration { return p.Silence() }

// Close implements signaling.Conn.
func (p *pipe) Close(int) error { p.close(); return nil }

// Subprotocol implements signaling.Conn.
func (p *pipe) Subprotocol() string { return signaling.ProtocolBinary }

// say hands a message of the device to signaling; false when that has hung up.
func (p *pipe) say(e *wire.Envelope) bool {
	b, err := proto.Marshal(e)
	if err != nil {
		return false
	}
	select {
	case p.up <- b:
		return true
	case <-p.done:
		return false
	}
}

// hear is the next message for the device, also the last word of who hung up; nil:
// there are no more, or stop was closed.
func (p *pipe) hear(stop <-chan struct{}) *wire.Envelope {
	var b []byte
	select {
	case <-stop:
		return nil
	case b = <-p.down:
	case <-p.done:
		select {
		case b = <-p.down:
		default:
			return nil
		}
	}
	return parse(b)
}

// parse reads a message of signaling; nil: it is none.
func parse(b []byte) *wire.Envelope {
	e := &wire.Envelope{}
	if proto.Unmarshal(b, e) != nil {
		return nil
	}
	return e
}
