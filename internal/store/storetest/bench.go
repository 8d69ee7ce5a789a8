package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// BenchAppend measures durable appends to the state log: one event of about the
// size that a command of a hearing makes in each transaction, by one hearing and
// by several at once. The metric appends/s counts committed transactions.
func BenchAppend(b *testing.B, open func(b *testing.B) store.Store) {
	line := []byte(fmt.Sprintf(`{"seq":123,"at":1795000000000000,"actor":{"person":%q},"kind":"floor.given","body":{"person":%q}}`,
		"01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000002"))
	for _, hearings := range []int{1, 8} {
		b.Run(fmt.Sprintf("hearings=%d", hearings), func(b *testing.B) {
			st := open(b)
			leases := make(chan *appending, hearings)
			for i := range hearings {
				h := store.Hearing{ID: fmt.Sprintf("bench-%d", i), Room: fmt.Sprintf("%032x", i), Unit: unit}
				require.NoError(b, st.CreateHearing(b.Context(), court.SystemScope(), h, nil))
				l, err := st.Acquire(b.Context(), court.SystemScope(), h.ID, "node", time.Hour)
				require.NoError(b, err)
				leases <- &appending{lease: l}
			}
			b.SetParallelism(hearings) // at least; those without a lease wait for one
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					a := <-leases
					if err := st.Append(b.Context(), court.SystemScope(), a.lease, a.after, [][]byte{line}); err != nil {
						b.Error(err)
					}
					a.after++
					leases <- a
				}
			})
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
		})
	}
}

type appending struct {
	lease store.Lease
	after uint64
}
