package paperspace

import (
	"bytes"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Bytes is a size in bytes. It decodes from a number or from a number in a string, as the service sends most sizes;
// null and "" decode as 0. It encodes as a number.
type Bytes int64

// String returns the size in a readable form, such as "8 GiB" or "50 GB": in a decimal unit if it is a multiple of that
// unit, and otherwise in a binary unit with at most one decimal place. The verb %d prints the number of bytes.
func (b Bytes) String() string {
	n, sign := uint64(b), ""
	if b < 0 {
		n, sign = -n, "-"
	}
	if n < 1024 {
		return fmt.Sprintf("%s%d B", sign, n)
	}
	const prefixes = "KMGTPE"
	power := (bits.Len64(n) - 1) / 10
	binary, decimal := uint64(1)<<(10*power), uint64(math.Pow10(3*power))
	if n%decimal == 0 && n%binary != 0 {
		return fmt.Sprintf("%s%d %cB", sign, n/decimal, prefixes[power-1])
	}
	amount := strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/float64(binary)), ".0")
	return fmt.Sprintf("%s%s %ciB", sign, amount, prefixes[power-1])
}

// UnmarshalJSON implements [encoding/json.Unmarshaler].
func (b *Bytes) UnmarshalJSON(data []byte) error {
	n, err := parseInteger(data)
	if err != nil {
		return fmt.Errorf("size in bytes: %w", err)
	}
	*b = Bytes(n)
	return nil
}

// UnmarshalJSONFrom implements UnmarshalerFrom of encoding/json/v2.
func (b *Bytes) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	data, err := dec.ReadValue()
	if err != nil {
		return err
	}
	return b.UnmarshalJSON(data)
}

// parseInteger parses an integer in any form that the service sends: 50, 50.0, "50", "" and null.
func parseInteger(data []byte) (int64, error) {
	if n, ok := parseDigits(data); ok {
		return n, nil
	}
	text := bytes.TrimSpace(bytes.Trim(data, `"`))
	if len(text) == 0 || string(data) == "null" {
		return 0, nil
	}
	whole, fraction, _ := strings.Cut(string(text), ".")
	if n, err := strconv.ParseInt(whole, 10, 64); err == nil && strings.Trim(fraction, "0") == "" {
		return n, nil
	}
	f, err := parseFloat(text)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return 0, fmt.Errorf("%.40q is not an integer of 64 bits", text)
	}
	return int64(f), nil
}

// parseFloat parses a number in JSON's syntax: strconv also accepts hexadecimal numbers, NaN and infinities.
func parseFloat(text []byte) (float64, error) {
	if bytes.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789+-.eE", r) }) {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(string(text), 64)
}

// parseDigits is a fast path for a plain sequence of digits, which most sizes are.
func parseDigits(data []byte) (n int64, ok bool) {
	for _, c := range data {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, 0 < len(data) && len(data) <= 18
}
