package sfu

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/stretchr/testify/require"

	"phientoa/sfu/estimate"
)

// sealedWire keeps what was sent as it stands on the line.
type sealedWire struct{ packets [][]byte }

func (w *sealedWire) write(b []byte, _ *destination) error {
	w.packets = append(w.packets, slices.Clone(b))
	return nil
}

// A hearing of days: the numbers of a receiver's stream and of its repairs, the
// timestamps, the wall clock of the reports and the transport-wide numbers all run
// over their ends, each where it stands after so long; a receiver that was there all
// the while opens every packet and finds no hole.
func TestCountersRunAcrossTheirWraps(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("speaker")
	src := f.publishes(p, Cam)
	q, _ := f.peer("a")
	wire := &sealedWire{}
	seal, err := newGCMSealer(testKey, testSalt)
	require.NoError(t, err)
	q.tx.seal, q.tx.out = seal, wire
	s := f.binds(q, src.id, "0")
	const roc = 300 // five hours of 1000 packets a second
	s.seq.next, s.rtxNext = roc<<16|65400, 5<<16|65500
	s.wide, q.tx.line.est, q.tx.line.began = 5, estimate.New(estimate.Params{}, f.now), f.now.Add(-time.Hour)
	for q.tx.line.est.Next() != 65300 {
		q.tx.line.est.Sent(1, f.now)
	}
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "a")}}))
	open, err := srtp.CreateContext(testKey, testSalt, srtp.ProtectionProfileAeadAes128Gcm, srtp.SRTPReplayProtection(1024))
	require.NoError(t, err)
	open.SetROC(s.ssrc, roc)
	open.SetROC(s.rtxSSRC, 5)

	l := src.layers[0]
	var received, repairs []rtp.Packet
	ts, ntp := uint32(1<<32-1-3000*100), uint64(1<<32-3)<<32 // 2036 comes in three seconds
	for n := range 400 {
		f.now = f.now.Add(33 * time.Millisecond)
		ts += 3000
		ntp += 33 << 32 / 1000
		l.report = SenderReport{Source: src.id, SSRC: l.ssrc, NTP: ntp, Timestamp: ts, Arrival: f.now}
		l.hasReport = true
		f.receives(l, 96, uint16(65400+n), ts, vp8Frame(n == 0, uint16(0x7fff-100+n)&0x7fff, uint8(n), 640, 360, fmt.Sprint("picture ", n)))
		last := uint16(s.seq.next - 1)
		if n%2 == 1 {
			p.lock(func() { s.resend(last-1, f.now) })
		}
		if n > 0 {
			r := s.senderReport(f.now)
			require.Equal(t, ntp, r.NTPTime)
			require.Equal(t, ts-s.tsShift, r.RTPTime)
		}
	}
	wide, first := uint16(0), true
	for _, b := range wire.packets {
		plain, err := open.DecryptRTP(nil, b, nil)
		require.NoError(t, err)
		var k rtp.Packet
		require.NoError(t, k.Unmarshal(plain))
		x := k.GetExtension(s.wide)
		number := uint16(x[0])<<8 | uint16(x[1])
		require.True(t, first || number == wide+1, "transport-wide numbers rise by one")
		wide, first = number, false
		if k.SSRC == s.ssrc {
			received = append(received, k)
		} else {
			repairs = append(repairs, k)
		}
	}
	require.Len(t, received, 400)
	require.Len(t, repairs, 200)
	for i, k := range received {
		require.Contains(t, string(k.Payload), fmt.Sprint("picture ", i))
		if i > 0 {
			require.Equal(t, received[i-1].SequenceNumber+1, k.SequenceNumber)
			require.Equal(t, received[i-1].Timestamp+3000, k.Timestamp)
		}
	}
	for i, k := range repairs {
		require.Equal(t, received[2*i].SequenceNumber, uint16(k.Payload[0])<<8|uint16(k.Payload[1]))
		require.Equal(t, received[2*i].Payload, k.Payload[2:])
		if i > 0 {
			require.Equal(t, repairs[i-1].SequenceNumber+1, k.SequenceNumber)
		}
	}
	require.Less(t, received[399].Timestamp, received[0].Timestamp, "the timestamp wrapped")
	require.Less(t, received[399].SequenceNumber, received[0].SequenceNumber)
	require.Less(t, repairs[199].SequenceNumber, repairs[0].SequenceNumber)
	require.IsType(t, &rtcp.SenderReport{}, s.senderReport(f.now))
}
