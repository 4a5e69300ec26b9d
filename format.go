package paperspace

import "fmt"

// Secrets are masked by their types, Sensitive and RawJSON, with one exception: for a verb that is not valid for a
// pointer, such as %d, fmt prints the value behind the pointer without calling its methods. So every type that can hold
// a secret has a Format method, most of them in zz_format.go.

// formatAsV prints v as %v does, with the flags of f.
func formatAsV(f fmt.State, v any) { _, _ = fmt.Fprintf(f, fmt.FormatString(f, 'v'), v) }

// Format prints the request as %v does, since its body may contain secrets.
func (r Request) Format(f fmt.State, _ rune) { type plain Request; formatAsV(f, plain(r)) }

// Format prints the page as %v does, whatever the verb.
func (p Page[T]) Format(f fmt.State, _ rune) {
	formatAsV(f, struct {
		Items    []T
		HasMore  bool
		NextPage string
	}(p))
}
