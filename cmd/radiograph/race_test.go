//go:build race

package main

// With the race detector on these tests, the program they start has it too.
func init() { raceDetector = true }
