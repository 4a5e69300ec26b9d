package wire

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// text reads a string, with U+FFFD for what is not UTF-8. It is valid until the next string is read.
func (s *scanner) text() []byte {
	if s.next() != '"' {
		s.fail()
		return nil
	}
	start, isPlain := s.at+1, true
	for end := start; end < len(s.data); end++ {
		if end += plain(s.data[end:]); end == len(s.data) {
			break
		}
		switch s.data[end] {
		case '"':
			if s.at = end + 1; isPlain {
				return s.data[start:end]
			}
			return s.unquote(s.data[start-1 : end+1])
		case '\\':
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

// plain returns how many bytes precede the first that is a quote, a backslash, a control character or not ASCII.
func plain(data []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; n+8 <= len(data); n += 8 {
		// In eight bytes at once, the lowest high bit that is set belongs to the first such byte.
		word := binary.LittleEndian.Uint64(data[n:])
		quote, backslash := word^ones*'"', word^ones*'\\'
		if found := (word | (word - ones*' ') | (quote - ones) | (backslash - ones)) & highs; found != 0 {
			return n + bits.TrailingZeros64(found)/8
		}
	}
	for n < len(data) && ' ' <= data[n] && data[n] < utf8.RuneSelf && data[n] != '"' && data[n] != '\\' {
		n++
	}
	return n
}

func (s *scanner) unquote(quoted []byte) []byte {
	var err error
	s.unquoted, err = jsontext.AppendUnquote(s.unquoted[:0], quoted)
	if err != nil && !jsontext.Value(quoted).IsValid(jsontext.AllowInvalidUTF8(true)) {
		s.fail()
	}
	return s.unquoted
}

// maxShared is longer than what repeats: states, types, regions, ids.
const maxShared = 40

// share returns the text as a string, and the same one for the same text as far as it remembers.
func (s *scanner) share(text []byte) string {
	if len(text) > maxShared {
		return string(text)
	}
	var word uint64
	if last := len(text) - 8; last >= 0 {
		word = binary.LittleEndian.Uint64(text) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(text[last:]), 29)
	} else {
		for _, c := range text {
			word = word<<8 | uint64(c)
		}
	}
	seen := &s.seen[word*0x9e3779b97f4a7c15>>55]
	if *seen != string(text) {
		*seen = string(text)
	}
	return *seen
}
