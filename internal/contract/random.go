package contract

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
)

// Random returns a random valid value of the schema, as encoding/json decodes it with UseNumber. Strings include those
// that YAML decodes as something else unless they are quoted.
func (s *Schema) Random(r *rand.Rand) any {
	switch {
	case s.Nullable && r.IntN(4) == 0:
		return nil
	case len(s.Variants) > 0:
		return s.Variants[r.IntN(len(s.Variants))].Random(r)
	case len(s.Enum) > 0 && !(s.Open && r.IntN(4) == 0):
		return s.Enum[r.IntN(len(s.Enum))]
	}
	switch s.Type {
	case "object":
		object := map[string]any{}
		for _, f := range s.Fields {
			if f.Required || r.IntN(2) == 0 {
				object[f.Name] = f.Schema.Random(r)
			}
		}
		return object
	case "array":
		array := make([]any, r.IntN(4))
		for i := range array {
			array[i] = s.Items.Random(r)
		}
		return array
	case "boolean":
		return r.IntN(2) == 0
	case "number", "integer":
		return s.randomNumber(r)
	}
	return s.randomText(r)
}

func (s *Schema) randomNumber(r *rand.Rand) json.Number {
	least, most := 0, 1<<30
	if f, err := s.Minimum.Float64(); err == nil {
		least = int(f)
	}
	if f, err := s.Maximum.Float64(); err == nil {
		most = int(f)
	}
	n := least + r.IntN(most-least+1)
	if s.ExclusiveMinimum == "" {
		return json.Number(strconv.Itoa(n))
	}
	n = max(n, 1)
	if s.Type == "number" && s.ExclusiveMinimum != "0" { // not a count
		return json.Number(fmt.Sprintf("%d.%d", n-1, 15+2*r.IntN(40)))
	}
	return json.Number(strconv.Itoa(n))
}

// oddTexts are strings that YAML decodes as numbers, booleans, null, dates or comments unless they are quoted.
var oddTexts = []string{
	"1.10", "012", "1e5", "0x1F", "1_000", ".5", "+1", ".inf", "yes", "no", "on", "true", "False", "null", "~", "2024-05-01", "12:30:45", "",
	" ", "a: b", "a #b", "# no comment", "- x", "[x]", "{x}", "*x", "&x", "!x", "%x", "@x", "`x`", "'x'", `"x"`, "a\nb\n", "\ttab", "ünï ☃",
	"<<", "=", "?", "|", ">", "//", "/* x */", "\\", "{{ x }}", "${X}", "12345678901234567890123",
}

// randomPatterns are values for the patterns and formats in the contract.
var randomPatterns = map[string]string{
	`^(s3:\/\/[a-zA-Z0-9_-]*\/[a-zA-Z0-9_-]*)`:                      "s3://bucket/prefix",
	`^https:\/\/[a-z0-9-]+\.([a-z0-9-]+)\.digitaloceanspaces\.com$`: "https://space.ams3.digitaloceanspaces.com",
	`secret\:`: "secret:NAME",
	"uri":      "https://git.example/a",
}

func (s *Schema) randomText(r *rand.Rand) string {
	if s.Pattern+s.Format != "" {
		if text, ok := randomPatterns[s.Pattern+s.Format]; ok {
			return text
		}
		panic("contract: no text for the pattern or format " + s.Pattern + s.Format)
	}
	text := oddTexts[r.IntN(len(oddTexts))]
	if s.MinLength != nil && len(text) < *s.MinLength {
		return "x"
	}
	return text
}
