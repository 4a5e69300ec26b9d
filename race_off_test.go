//go:build !race

package paperspace

const raceEnabled = false
