//go:build race

package paperspace

// raceEnabled reports whether the race detector is on. Tests that are slow and not concurrent skip it, because it makes
// them ten times as slow.
const raceEnabled = true
