package wire

import (
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// special are the bytes that end a string, or that make its text differ from its JSON.
var special = func() (is [256]bool) {
	for c := range is {
		is[c] = c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf
	}
	return is
}()

// text reads a string, with U+FFFD for what is not UTF-8.
func (s *scanner) text() []byte {
	start, data, isPlain := s.at, s.data, true
	if !s.hasByte('"') {
		s.fail()
	}
	for end := s.at; end < len(data); end++ {
		switch c := data[end]; {
		case !special[c]:
			continue
		case c == '"':
			if s.at = end + 1; isPlain {
				return data[start+1 : end]
			}
			text, err := jsontext.AppendUnquote(nil, data[start:s.at])
			if err != nil && !jsontext.Value(data[start:s.at]).IsValid(jsontext.AllowInvalidUTF8(true)) {
				s.fail()
			}
			return text
		case c == '\\':
			end++
		}
		isPlain = false
	}
	s.fail()
	return nil
}

// textOrJSON reads a string, and the JSON of what is not one.
func (s *scanner) textOrJSON(c byte) []byte {
	if c == '"' {
		return s.text()
	}
	return s.skip()
}

// maxShared is longer than what repeats: states, types, regions, ids.
const maxShared = 40

// share returns the text as a string, and the same one for the same text as far as it remembers.
func (s *scanner) share(text []byte) string {
	if len(text) > maxShared {
		return string(text)
	}
	hash := uint(len(text))
	for _, c := range text[max(0, len(text)-5):] { // where texts of the same length differ most
		hash = hash*131 + uint(c)
	}
	seen := &s.seen[hash%uint(len(s.seen))]
	if *seen != string(text) {
		*seen = string(text)
	}
	return *seen
}
