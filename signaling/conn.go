package signaling

import (
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
	// Close ends the connection with a status code of RFC 6455 7.4.1.
	Close(code int) error
	Subprotocol() string
}

// gorillaConn adapts gorilla/websocket.
type gorillaConn struct {
	ws     *websocket.Conn
	limits Limits
}

func newGorillaConn(ws *websocket.Conn, lim Limits) *gorillaConn {
	c := &gorillaConn{ws: ws, limits: lim}
	ws.SetReadLimit(int64(lim.MessageBytes))
	ws.EnableWriteCompression(false)
	extend := func(string) error { return ws.SetReadDeadline(time.Now().Add(lim.ReadTimeout)) }
	ws.SetPongHandler(extend)
	_ = ws.SetReadDeadline(time.Now().Add(lim.Handshake)) // for the hello
	return c
}

func (c *gorillaConn) Read() (text bool, data []byte, err error) {
	kind, data, err := c.ws.ReadMessage()
	if err != nil {
		return false, nil, err
	}
	return kind == websocket.TextMessage, data, c.ws.SetReadDeadline(time.Now().Add(c.limits.ReadTimeout))
}

func (c *gorillaConn) Write(text bool, data []byte) error {
	kind := websocket.BinaryMessage
	if text {
		kind = websocket.TextMessage
	}
	if err := c.ws.SetWriteDeadline(time.Now().Add(c.limits.WriteTimeout)); err != nil {
		return err
	}
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
