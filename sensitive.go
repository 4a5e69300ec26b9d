package paperspace

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"

	"github.com/go-json-experiment/json/jsontext"
)

// mask replaces secrets in printed text.
const mask = "[REDACTED]"

const holdsMask = "holds the mask " + mask + " instead of a secret"

// Sensitive is a secret string: a password, a key, a script, or the value of a secret or an environment variable. It
// prints as [REDACTED]: with fmt (any verb that vet accepts; %w and %p ignore formatting methods), slog, and every
// encoder that honours [encoding.TextMarshaler], including encoding/json, except for the keys of maps.
// [Sensitive.Reveal] returns the value, and requests send it to the service.
//
// SECURITY.md lists what cannot be masked, such as unexported fields of other packages' types.
//
// A Sensitive whose value is the mask itself, because params were decoded from a log or a queue, is refused before
// anything is sent.
type Sensitive string

// Reveal returns the value.
func (s Sensitive) Reveal() string { return string(s) }

// String returns the mask.
func (s Sensitive) String() string { return mask }

// Format prints the mask, whatever the verb.
func (s Sensitive) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// LogValue returns the mask.
func (s Sensitive) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText returns the mask.
func (s Sensitive) MarshalText() ([]byte, error) { return []byte(mask), nil }

// UnmarshalText sets the value to text.
func (s *Sensitive) UnmarshalText(text []byte) error {
	*s = Sensitive(text)
	return nil
}

// RawJSON is JSON that this package does not interpret and that may contain secrets. It prints as its length with fmt
// and slog, and encodes as JSON unchanged.
type RawJSON []byte

// String returns the length.
func (r RawJSON) String() string { return fmt.Sprintf("RawJSON(%d bytes)", len(r)) }

// Format prints the length, whatever the verb.
func (r RawJSON) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue returns the length.
func (r RawJSON) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON returns the JSON unchanged, or null if it is empty.
func (r RawJSON) MarshalJSON() ([]byte, error) {
	if len(r) == 0 {
		return []byte("null"), nil
	}
	return r, nil
}

func (r RawJSON) check() string {
	if bytes.Contains(r, []byte(`"`+mask+`"`)) {
		return holdsMask
	}
	return ""
}

// UnmarshalJSON stores a copy of the JSON. What is not Unicode in a string becomes U+FFFD, as in a string of Go, so that
// the copy can be encoded again.
func (r *RawJSON) UnmarshalJSON(data []byte) error {
	text := jsontext.Value(bytes.Clone(data))
	if !text.IsValid(jsontext.AllowDuplicateNames(true)) {
		_ = text.Format(decodeOptions) // leaves what is not JSON as it is
	}
	*r = append((*r)[:0], text...)
	return nil
}
