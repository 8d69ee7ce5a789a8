//go:build race

package sfu

// raceDetector: sync.Pool then drops at random, so allocations cannot be counted.
const raceDetector = true
