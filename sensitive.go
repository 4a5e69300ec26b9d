package paperspace

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
)

// mask stands wherever a secret would be printed.
const mask = "[REDACTED]"

const holdsMask = "holds the mask " + mask + " in place of a secret"

// Sensitive is a string that must not be seen: a password, a key, a script, the value of a secret or of an environment
// variable. Everything that prints it prints [REDACTED]: fmt with any verb that vet lets pass (%w and %p ask no value how
// it prints), slog, and every encoder that honours [encoding.TextMarshaler], encoding/json among them, which only up to
// Go 1.26 shows the keys of its maps. [Sensitive.Reveal] returns the value, and requests carry it to the service.
//
// What cannot be masked, such as unexported fields of other packages' types, stands in SECURITY.md.
//
// A Sensitive that holds the mask itself, because params were decoded from a log or a queue, is refused before
// anything is sent.
type Sensitive string

// Reveal returns the secret.
func (s Sensitive) Reveal() string { return string(s) }

// String returns the mask.
func (s Sensitive) String() string { return mask }

// Format prints the mask, whatever the verb.
func (s Sensitive) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// LogValue returns the mask.
func (s Sensitive) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText returns the mask.
func (s Sensitive) MarshalText() ([]byte, error) { return []byte(mask), nil }

// UnmarshalText takes the value as it is.
func (s *Sensitive) UnmarshalText(text []byte) error {
	*s = Sensitive(text)
	return nil
}

// RawJSON is JSON that the SDK does not interpret, and that may hold secrets. fmt and slog print its length only;
// encoding it as JSON gives it unchanged.
type RawJSON []byte

// String tells the length.
func (r RawJSON) String() string { return fmt.Sprintf("RawJSON(%d bytes)", len(r)) }

// Format prints the length, whatever the verb.
func (r RawJSON) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue returns the length.
func (r RawJSON) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON returns the JSON unchanged, and null for an empty one.
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

// UnmarshalJSON keeps a copy of the JSON. Bytes that are not UTF-8 become U+FFFD, as in a string, or it could not be
// encoded again.
func (r *RawJSON) UnmarshalJSON(data []byte) error {
	*r = append((*r)[:0], bytes.ToValidUTF8(data, []byte("\ufffd"))...)
	return nil
}
