package signaling

import (
	"io"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// Conn is the little that a session asks of a WebSocket. Read and Ping's answer
// extend the read deadline; one goroutine reads and one writes.
type Conn interface {
	// Read returns the next message; text tells its kind.
	Read() (text bool, data []byte, err error)
	Write(text bool, data []byte) error
	Ping() error
	// Silence is how long nothing at all has come from the client; safe from any
	// goroutine.
	Silence() time.Duration
	// Free is how long the line has been free of what we sent, if it takes ThinLine
	// bytes a second: until then no ping may have come through to the client. 0 while
	// it is not; safe from any goroutine.
	Free() time.Duration
	// Close ends the connection with a status code of RFC 6455 7.4.1.
	Close(code int) error
	Subprotocol() string
}

// gorillaConn adapts gorilla/websocket.
type gorillaConn struct {
	ws     *websocket.Conn
	limits Limits
	made   time.Time
	heard  atomic.Int64 // time.Duration since made: the last byte or pong came
	busy   atomic.Int64 // time.Duration since made: all that was sent has had its time
}

func newGorillaConn(ws *websocket.Conn, lim Limits) *gorillaConn {
	c := &gorillaConn{ws: ws, limits: lim, made: time.Now()}
	ws.SetReadLimit(int64(lim.MessageBytes))
	ws.EnableWriteCompression(false)
	ws.SetPongHandler(func(string) error {
		c.hears()
		return ws.SetReadDeadline(time.Now().Add(lim.ReadTimeout))
	})
	_ = ws.SetReadDeadline(time.Now().Add(lim.Handshake)) // for the hello
	return c
}

func (c *gorillaConn) Read() (text bool, data []byte, err error) {
	kind, r, err := c.ws.NextReader()
	if err != nil {
		return false, nil, err
	}
	if data, err = io.ReadAll(heardReader{r, c}); err != nil {
		return false, nil, err
	}
	return kind == websocket.TextMessage, data, c.ws.SetReadDeadline(time.Now().Add(c.limits.ReadTimeout))
}

// heardReader takes every piece of a message for a sign of life: a long one takes
// seconds on a thin line, and no pong comes in the middle of it.
type heardReader struct {
	io.Reader
	c *gorillaConn
}

func (r heardReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if n > 0 {
		r.c.hears()
	}
	return n, err //nolint:wrapcheck // io.EOF must stay what it is
}

func (c *gorillaConn) hears() { c.heard.Store(int64(time.Since(c.made))) }

func (c *gorillaConn) Silence() time.Duration {
	return time.Since(c.made) - time.Duration(c.heard.Load())
}

// sends gives n bytes the time that a thin line needs for them, behind what it is
// busy with. On the one goroutine that writes.
func (c *gorillaConn) sends(n int) {
	need := time.Duration(float64(n) / float64(c.limits.ThinLine) * float64(time.Second))
	c.busy.Store(int64(max(time.Since(c.made), time.Duration(c.busy.Load())) + need))
}

func (c *gorillaConn) Free() time.Duration {
	return max(0, time.Since(c.made)-time.Duration(c.busy.Load()))
}

func (c *gorillaConn) Write(text bool, data []byte) error {
	kind := websocket.BinaryMessage
	if text {
		kind = websocket.TextMessage
	}
	if err := c.ws.SetWriteDeadline(time.Now().Add(c.limits.WriteTimeout)); err != nil {
		return err
	}
	c.sends(len(data))
	return c.ws.WriteMessage(kind, data)
}

func (c *gorillaConn) Ping() error {
	return c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(c.limits.WriteTimeout))
}

func (c *gorillaConn) Close(code int) error {
	_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second))
	return c.ws.Close()
}

func (c *gorillaConn) Subprotocol() string { return c.ws.Subprotocol() }
