package paperspace

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
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
	if amount == "1024" { // rounded up
		amount, power = "1", power+1
	}
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

// parseInteger decodes the JSON of an integer in any of the forms in which the service sends one.
func parseInteger(data []byte) (n int64, err error) {
	odd, err := responses.Decode(data, &n)
	if len(odd) > 0 {
		err = errors.New(odd[0].Kind)
	}
	return n, err
}

// UnmarshalJSONFrom implements UnmarshalerFrom of encoding/json/v2.
func (b *Bytes) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	data, err := dec.ReadValue()
	if err != nil {
		return err
	}
	return b.UnmarshalJSON(data)
}
