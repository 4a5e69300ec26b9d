package paperspace

import "fmt"

// Secrets are masked by their own types, Sensitive and RawJSON, in whatever holds them. There is one gap: for a verb
// that does not fit a pointer, such as %d, fmt prints what is behind a pointer without asking any method below it. So
// every type that can hold a secret has a Format method, most of them in zz_format.go.

//go:generate go run ./internal/cmd/format

// formatAsV prints v as %v does, with the flags of f.
func formatAsV(f fmt.State, v any) { _, _ = fmt.Fprintf(f, fmt.FormatString(f, 'v'), v) }

// Format prints the request as %v does: its body may hold secrets.
func (r Request) Format(f fmt.State, _ rune) { type plain Request; formatAsV(f, plain(r)) }

// Format prints the page as %v does, whatever the verb.
func (p Page[T]) Format(f fmt.State, _ rune) {
	formatAsV(f, struct {
		Items    []T
		HasMore  bool
		NextPage string
	}(p))
}
