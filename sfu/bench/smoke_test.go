package bench_test

import (
	"os"
	"testing"

	"phientoa/sfu/bench"
)

func TestMain(m *testing.M) {
	if handled, code := bench.Role(os.Args[1:]); handled {
		os.Exit(code)
	}
	os.Exit(m.Run())
}
