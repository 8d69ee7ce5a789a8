//go:build race

package sfu

// raceEnabled: sync.Pool then drops at random, so allocations cannot be counted.
const raceEnabled = true
