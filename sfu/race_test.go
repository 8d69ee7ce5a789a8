//go:build race

package sfu

// raceEnabled: sync.Pool then drops at random, so allocations cannot be counted,
// and races inside Pion stop the tests that begin streams anew.
const raceEnabled = true
