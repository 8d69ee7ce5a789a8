package relay

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/pion/stun/v4"
)

// The guard stands before Pion's server: it lets in what this relay is for and
// answers the rest itself, in the codes that RFC 8656 asks for. Pion v5.1.1 answers
// 400 to a credential that it does not know, 401 to a forbidden channel, and looks
// at no port of a peer.

// protoUDP in REQUESTED-TRANSPORT (RFC 8656 section 18.8).
const protoUDP = 17

// vet looks at one message of a client. It is for Pion, or reply is the answer, or
// nothing more is to be done with it. A datagram's source may be forged, from says what
// it claims; it is not valid for a stream. A panic costs the message: it would otherwise
// end the process from a goroutine of Pion's.
func (r *Relay) vet(b []byte, from netip.Addr) (forPion bool, reply []byte) {
	defer r.rescue(func() { forPion, reply = false, nil })
	// ChannelData: Pion knows which channels are bound. What only begins so and is
	// shorter than it says Pion would read as STUN, whose first two bits it ignores.
	if len(b) > channelHeader && b[0]&0xc0 == 0x40 && int(binary.BigEndian.Uint16(b[2:4])) <= len(b)-channelHeader {
		return true, nil
	}
	m := &stun.Message{Raw: append([]byte(nil), b...)}
	if !stun.IsMessage(b) || b[0]&0xc0 != 0 || m.Decode() != nil {
		r.count.refused[refusedMalformed].Add(1)
		return false, nil
	}
	switch m.Type.Class {
	case stun.ClassIndication:
		if m.Type.Method == stun.MethodSend && r.peersAllowed(m) {
			return true, nil
		}
		r.count.refused[refusedPeer].Add(1)
		return false, nil
	case stun.ClassRequest:
	default:
		r.count.refused[refusedMalformed].Add(1)
		return false, nil
	}
	p := r.holder(m)
	if p == nil && from.IsValid() && !r.unknown.allow(from) {
		r.count.refused[refusedRate].Add(1)
		return false, nil
	}
	switch m.Type.Method {
	case stun.MethodBinding:
		return true, nil
	case stun.MethodAllocate, stun.MethodRefresh, stun.MethodCreatePermission, stun.MethodChannelBind,
		stun.MethodConnect, stun.MethodConnectionBind:
	default:
		r.count.refused[refusedMalformed].Add(1)
		return false, nil
	}
	if !m.Contains(stun.AttrMessageIntegrity) {
		return true, nil // Pion asks for credentials and names a nonce
	}
	if p == nil {
		r.count.refused[refusedPass].Add(1)
		return false, refusal(m, nil, stun.CodeUnauthorized)
	}
	if code := r.judge(m); code != 0 {
		r.count.refused[refusedPeer].Add(1)
		return false, refusal(m, p, code)
	}
	return true, nil
}

// rescue, deferred, turns a panic into what then does.
func (r *Relay) rescue(then func()) {
	if v := recover(); v != nil {
		r.count.refused[refusedPanic].Add(1)
		r.log.Error("relay: panic over what a client sent", "panic", fmt.Sprint(v))
		then()
	}
}

// holder is the living pass that signed the message.
func (r *Relay) holder(m *stun.Message) *Pass {
	var name stun.Username
	if name.GetFrom(m) != nil {
		return nil
	}
	p := r.pass(name.String())
	if p == nil || stun.MessageIntegrity(p.key).Check(m) != nil {
		return nil
	}
	return p
}

// judge tells the code with which an authentic request is refused, 0 for none.
func (r *Relay) judge(m *stun.Message) stun.ErrorCode {
	switch m.Type.Method {
	case stun.MethodConnect, stun.MethodConnectionBind:
		return stun.CodeForbidden // RFC 6062: nobody gets a TCP connection from here
	case stun.MethodAllocate:
		if t, err := m.Get(stun.AttrRequestedTransport); err == nil && len(t) == 4 && t[0] != protoUDP {
			return stun.CodeUnsupportedTransProto
		}
		if m.Contains(stun.AttrEvenPort) || m.Contains(stun.AttrReservationToken) {
			return stun.CodeInsufficientCapacity // for RTP with RTCP on a port of its own
		}
	case stun.MethodCreatePermission, stun.MethodChannelBind:
		if !r.peersAllowed(m) {
			return stun.CodeForbidden
		}
	}
	return 0
}

// peersAllowed tells whether every peer that the message names is a media socket. A
// permission is for an address, whose port is of no account there (RFC 8656 section
// 9.2): 0 stands for that, any other must be one of ours.
func (r *Relay) peersAllowed(m *stun.Message) bool {
	named := 0
	for i, a := range m.Attributes {
		if a.Type != stun.AttrXORPeerAddress {
			continue
		}
		named++
		one := stun.Message{TransactionID: m.TransactionID, Attributes: m.Attributes[i : i+1]}
		var x stun.XORMappedAddress
		if x.GetFromAs(&one, stun.AttrXORPeerAddress) != nil {
			return false
		}
		// The family as it was written: an IPv4 address in the dress of IPv6 is none.
		addr, ok := netip.AddrFromSlice(x.IP)
		if !ok {
			return false
		}
		anyPort := m.Type.Method == stun.MethodCreatePermission && x.Port == 0
		if anyPort && r.mayReach(nil, x.IP) {
			continue
		}
		if r.media[netip.AddrPortFrom(addr, uint16(x.Port))] == nil { //nolint:gosec // read from 16 bits
			return false
		}
	}
	return named > 0
}

// refusal is an error response, signed where the asker's key is known.
func refusal(m *stun.Message, p *Pass, code stun.ErrorCode) []byte {
	set := []stun.Setter{
		&stun.Message{TransactionID: m.TransactionID},
		stun.NewType(m.Type.Method, stun.ClassErrorResponse),
		&stun.ErrorCodeAttribute{Code: code},
	}
	if p != nil {
		set = append(set, stun.MessageIntegrity(p.key))
	} else {
		set = append(set, stun.NewRealm(realm))
	}
	out, err := stun.Build(set...)
	if err != nil {
		return nil
	}
	return out.Raw
}

const (
	// inboundMTU bounds a message of a client. Pion drops what fills its buffer.
	inboundMTU     = 1600
	datagramBuffer = 4 << 20 // bytes asked for in each direction
	stunHeader     = 20
	channelHeader  = 4
)

// frameSize is the length of the message that begins with these four bytes, its
// padding on a stream included (RFC 8656 section 12.5); 0 when none begins so.
func frameSize(h []byte) int {
	size := int(binary.BigEndian.Uint16(h[2:4]))
	switch h[0] & 0xc0 {
	case 0x00:
		if size%4 != 0 {
			return 0
		}
		return size + stunHeader
	case 0x40:
		return (size+3)&^3 + channelHeader
	}
	return 0
}
