package paperspace

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Nullable is an optional field of a request that can also be null. Its zero value is unset: the field is not sent.
type Nullable[T any] struct {
	value T
	state nullableState
}

type nullableState uint8

const (
	unset nullableState = iota
	isNull
	isValue
)

// Value returns a Nullable with the value v.
func Value[T any](v T) Nullable[T] { return Nullable[T]{value: v, state: isValue} }

// Null returns a Nullable that is null.
func Null[T any]() Nullable[T] { return Nullable[T]{state: isNull} }

// NullableFrom returns [Null] if p is nil, and otherwise a Nullable with the value that p points to.
func NullableFrom[T any](p *T) Nullable[T] {
	if p == nil {
		return Null[T]()
	}
	return Value(*p)
}

// IsZero reports whether the field is unset.
func (n Nullable[T]) IsZero() bool { return n.state == unset }

// IsNull reports whether the field is null.
func (n Nullable[T]) IsNull() bool { return n.state == isNull }

// Get returns the value, and whether there is one.
func (n Nullable[T]) Get() (T, bool) { return n.value, n.state == isValue }

// Equal reports whether both are unset, null, or equal values. It lets go-cmp compare Nullables.
func (n Nullable[T]) Equal(other Nullable[T]) bool {
	return n.state == other.state && reflect.DeepEqual(n.value, other.value)
}

// Format prints the value, or null or unset.
func (n Nullable[T]) Format(f fmt.State, verb rune) {
	switch n.state {
	case isValue:
		fmt.Fprintf(f, fmt.FormatString(f, verb), n.value)
	case isNull:
		fmt.Fprint(f, "null")
	default:
		fmt.Fprint(f, "unset")
	}
}

// MarshalJSON encodes the value, or null.
func (n Nullable[T]) MarshalJSON() ([]byte, error) {
	if n.state != isValue {
		return []byte("null"), nil
	}
	return json.Marshal(n.value)
}

// UnmarshalJSON decodes a value, or null.
func (n *Nullable[T]) UnmarshalJSON(data []byte) error {
	if string(bytes.TrimSpace(data)) == "null" {
		*n = Null[T]()
		return nil
	}
	var v T
	if err := json.Unmarshal(data, &v, decodeOptions); err != nil {
		return err
	}
	*n = Value(v)
	return nil
}

// MarshalJSONTo implements MarshalerTo of encoding/json/v2.
func (n Nullable[T]) MarshalJSONTo(enc *jsontext.Encoder) error {
	if n.state != isValue {
		return enc.WriteToken(jsontext.Null)
	}
	return json.MarshalEncode(enc, n.value)
}
