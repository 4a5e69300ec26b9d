package paperspace

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/paperspace-go/paperspace/internal/transport"
)

// Odd is a value in a response that does not fit the API's contract, such as a text for a number. Its field has the zero
// value, or it is left out of its list or map; the rest of the response is intact.
type Odd struct {
	// Pointer is where the value is in the response's body, as a JSON pointer (RFC 6901), such as "/items/3/cpus".
	Pointer string
	// Kind is the kind of the value and the one that was expected, such as "string where an integer was expected". It
	// never holds the value.
	Kind string
}

// String returns the pointer and the kind, the pointer at most 200 bytes long.
func (o Odd) String() string {
	return strings.TrimPrefix(fmt.Sprintf("%.200s: %s", o.Pointer, o.Kind), ": ")
}

// WithStrictDecoding makes an odd value in a response an error of the call, for tests that have to notice where the
// service departs from its contract. Without it, [CallResult.Odd] and a record of the logger at [slog.LevelWarn] report
// odd values.
func WithStrictDecoding() Option {
	return clientOption(func(c *config) error {
		c.strict = true
		return nil
	})
}

// oddError is a response with odd values that leave nothing to rely on, or where decoding is strict.
type oddError struct{ odd []Odd }

func (e *oddError) Error() string {
	if len(e.odd) == 1 {
		return e.odd[0].String()
	}
	return fmt.Sprintf("%d odd values: %s", len(e.odd), strings.Join(oddTexts(e.odd), ", "))
}

// oddTexts returns the odd values as text, the first ten of them.
func oddTexts(odd []Odd) []string {
	texts := make([]string, min(len(odd), 10))
	for i := range texts {
		texts[i] = odd[i].String()
	}
	return texts
}

// reportOdd logs the odd values of a response, or returns them as an error where decoding is strict.
func (c *config) reportOdd(ctx context.Context, ep *endpoint, odd []Odd) error {
	if len(odd) == 0 {
		return nil
	}
	if c.strict {
		return &transport.Failure{Reason: "strict decoding", Err: &oddError{odd}, Final: true}
	}
	if logger := c.logger; logger != nil {
		logger.LogAttrs(ctx, slog.LevelWarn, "paperspace response has odd values",
			slog.String("endpoint", ep.id), slog.String("method", ep.method), slog.String("path_template", ep.path),
			slog.Int("count", len(odd)), slog.Any("odd", oddTexts(odd)))
	}
	return nil
}
