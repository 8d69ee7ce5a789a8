package impair

import (
	"bytes"
	"context"
	"io"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func lossOf(t *testing.T, line Line, seed uint64) (rate, meanBurst float64) {
	t.Helper()
	p := NewPipe(line, seed)
	now := time.Unix(0, 0)
	lost, bursts, in := 0, 0, false
	const n = 200_000
	for range n {
		_, ok := p.Schedule(now, 1000)
		if !ok {
			lost++
			if !in {
				bursts++
			}
		}
		in = !ok
	}
	if bursts == 0 {
		return 0, 0
	}
	return float64(lost) / n, float64(lost) / float64(bursts)
}

// The capacity follows the steps, which begin with the mark and not before.
func TestStepsBeginWithTheMark(t *testing.T) {
	p := NewPipe(Line{RateBits: 1_000_000, Steps: []Step{{After: time.Second, RateBits: 100_000}, {After: 2 * time.Second, RateBits: 0}}}, 1)
	now := time.Unix(0, 0)
	takes := func(after time.Duration) time.Duration {
		at, ok := p.Schedule(now.Add(after), 1250)
		require.True(t, ok)
		return at.Sub(now.Add(after))
	}
	require.Equal(t, 10*time.Millisecond, takes(5*time.Second))
	now = now.Add(time.Minute)
	p.Mark(now)
	require.Equal(t, 10*time.Millisecond, takes(0))
	require.Equal(t, 100*time.Millisecond, takes(time.Second))
	require.Zero(t, takes(2*time.Second))
}

func TestLossHasTheAskedRateAndBurstLength(t *testing.T) {
	for _, c := range []struct{ loss, burst float64 }{{0, 0}, {0.1, 0}, {0.3, 0}, {0.09, 5}} {
		rate, mean := lossOf(t, Line{Loss: c.loss, BurstMean: c.burst}, 7)
		require.InDelta(t, c.loss, rate, 0.006)
		if c.burst > 1 {
			require.InDelta(t, c.burst, mean, 0.3)
		}
	}
}

func TestSameSeedLosesTheSamePackets(t *testing.T) {
	a, b, c := NewPipe(Line{Loss: 0.2}, 1), NewPipe(Line{Loss: 0.2}, 1), NewPipe(Line{Loss: 0.2}, 2)
	differs := false
	now := time.Unix(0, 0)
	for range 1000 {
		_, x := a.Schedule(now, 100)
		_, y := b.Schedule(now, 100)
		_, z := c.Schedule(now, 100)
		require.Equal(t, x, y)
		differs = differs || x != z
	}
	require.True(t, differs)
}

func TestRateIsAnUpperBoundAndTheQueueIsBounded(t *testing.T) {
	p := NewPipe(Line{RateBits: 800_000, QueueTime: 100 * time.Millisecond}, 1)
	now := time.Unix(0, 0)
	var last time.Time
	delivered := 0
	for range 100 { // 100 packets of 10 ms each, all at once
		at, ok := p.Schedule(now, 1000)
		if ok {
			delivered++
			require.True(t, at.After(last))
			last = at
		}
	}
	require.Equal(t, 11, delivered, "100 ms of queue and the one that leaves last")
	require.Equal(t, uint64(89), p.counts.Overflow)
	require.Equal(t, 110*time.Millisecond, last.Sub(now))
}

type chanReader struct{ c chan []byte }

func (r chanReader) Read(b []byte) (int, error) {
	d, ok := <-r.c
	if !ok {
		return 0, io.EOF
	}
	return copy(b, d), nil
}

func TestRunDeliversInOrderAfterTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPipe(Line{Delay: 40 * time.Millisecond, Jitter: 20 * time.Millisecond}, 3)
		in := chanReader{make(chan []byte, 64)}
		var out bytes.Buffer
		start := time.Now()
		for i := range 50 {
			in.c <- []byte{byte(i)}
		}
		close(in.c)
		c := p.Run(context.Background(), &out, in)
		require.Equal(t, uint64(50), c.Packets)
		require.Len(t, out.Bytes(), 50)
		for i, b := range out.Bytes() {
			require.Equal(t, byte(i), b)
		}
		took := time.Since(start)
		require.GreaterOrEqual(t, took, 40*time.Millisecond)
		require.LessOrEqual(t, took, 60*time.Millisecond)
	})
}

func FuzzScheduleNeverGoesBack(f *testing.F) {
	f.Add(uint64(1), 0.1, 2.0, uint16(30), uint16(10), uint32(500_000))
	f.Fuzz(func(t *testing.T, seed uint64, loss, burst float64, delay, jitter uint16, rate uint32) {
		if math.IsNaN(loss) || loss < 0 || loss >= 1 || math.IsNaN(burst) {
			t.Skip()
		}
		p := NewPipe(Line{
			Loss: loss, BurstMean: burst, RateBits: int(rate % 10_000_000),
			Delay: time.Duration(delay) * time.Millisecond, Jitter: time.Duration(jitter) * time.Millisecond,
		}, seed)
		now := time.Unix(0, 0)
		var last time.Time
		for i := range 200 {
			now = now.Add(time.Duration(i%7) * time.Millisecond)
			at, ok := p.Schedule(now, 60+i*6)
			if ok && (at.Before(last) || at.Before(now)) {
				t.Fatalf("packet %d at %v, after %v, now %v", i, at, last, now)
			}
			if ok {
				last = at
			}
		}
	})
}

func TestOnlyTCPOfOnePortPasses(t *testing.T) {
	packet := func(proto byte, from, to uint16) []byte {
		b := make([]byte, 40)
		b[0], b[9] = 0x45, proto
		b[20], b[21], b[22], b[23] = byte(from>>8), byte(from), byte(to>>8), byte(to)
		return b
	}
	require.True(t, tcpOf(packet(6, 443, 50000), 443))
	require.True(t, tcpOf(packet(6, 50000, 443), 443))
	require.False(t, tcpOf(packet(6, 50000, 7100), 443))
	require.False(t, tcpOf(packet(17, 50000, 443), 443))
	require.False(t, tcpOf(packet(6, 443, 443)[:22], 443))
	require.False(t, tcpOf(nil, 443))
}
