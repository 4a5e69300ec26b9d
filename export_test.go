package paperspace

import (
	"net/http"
	"testing"
)

// FaultKey is the API key of the clients of faults.
const FaultKey = testKey

// Fault is a fault of the matrix, for tests in package paperspace_test, which can use paperspacetest as the backend.
type Fault struct{ fault }

// Faults returns the faults of plain connections: those of TLS differ in the transport only, and take long. With the race
// detector, it returns some of them.
func Faults() (plain []Fault) {
	for i, f := range faults {
		if !f.net.tls() && (!raceEnabled || i%6 == 0) {
			plain = append(plain, Fault{f})
		}
	}
	return plain
}

// Name describes the fault.
func (f *Fault) Name() string { return f.name }

// IsCarriedOut reports whether a request that meets the fault once is carried out, or sent again, whatever its class.
func (f *Fault) IsCarriedOut() bool { return f.acted[2] > 0 || f.attempts[2] > 1 }

// Client returns a client whose requests meet the fault the given number of times, or always if that is -1, after the
// first skip requests. The function stop ends the service.
func (f *Fault) Client(t *testing.T, skip, times int, backend http.Handler) (client *Client, stop func()) {
	s, client := newFaultyBackend(t, &f.fault, skip, times, backend)
	return client, func() { s.close(client) }
}
