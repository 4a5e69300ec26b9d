//go:build race

package paperspace

// raceEnabled says that the race detector is on, which makes everything ten times as slow: tests of one goroutine that
// take long skip it.
const raceEnabled = true
