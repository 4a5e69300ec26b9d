package wire

import (
	"fmt"
	"sync"
)

// LimitError says how a document exceeds a limit.
type LimitError string

func (e LimitError) Error() string { return string(e) }

// The errors of documents that exceed a limit.
const (
	ErrDepth  = LimitError("it is nested too deeply")
	ErrMemory = LimitError("it has too many elements for its size")
)

const (
	// maxDepth is how deeply arrays and objects may nest, as in encoding/json.
	maxDepth = 10_000

	// A document may take this much memory, apart from its strings: something for each of its bytes, and something for its
	// being there. A full page of the API takes less than one byte for each of its own, and a page of {} takes hundreds.
	memoryPerByte, memoryAtLeast = 8, 1 << 20
)

// scanner reads a JSON document. An error moves it to the end, where everything ends.
type scanner struct {
	decoder *Decoder
	data    []byte
	at      int // the offset of the next byte
	depth   int
	memory  int // that may still be taken
	err     error

	odd  []oddValue
	lost int // how many odd values are not kept by a union

	unquoted []byte
	seen     [512]string // strings of this and of earlier documents, by their hash
}

var scanners = sync.Pool{New: func() any { return new(scanner) }}

func (s *scanner) reset(d *Decoder, data []byte) {
	s.decoder, s.data, s.at, s.depth, s.err = d, data, 0, 0, nil
	s.memory = memoryAtLeast + memoryPerByte*len(data)
	s.odd, s.lost = nil, 0
	if cap(s.unquoted) > 64<<10 {
		s.unquoted = nil
	}
}

func (s *scanner) fail() { s.stop(fmt.Errorf("invalid JSON at byte %d of %d", s.at, len(s.data))) }

func (s *scanner) stop(err error) {
	if s.err == nil {
		s.err = err
	}
	s.at = len(s.data)
}

// take accounts for memory, and reports whether that much may be taken.
func (s *scanner) take(bytes int) bool {
	if s.memory -= bytes; s.memory < 0 {
		s.stop(ErrMemory)
	}
	return s.memory >= 0
}

// next skips white space and returns the byte after it, and 0 at the end, with which no token begins.
func (s *scanner) next() byte {
	for ; s.at < len(s.data); s.at++ {
		if c := s.data[s.at]; c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c
		}
	}
	return 0
}

// has reads the text if it is next, and reports whether it is.
func (s *scanner) has(text string) bool {
	end := s.at + len(text)
	ok := end <= len(s.data) && string(s.data[s.at:end]) == text
	if ok {
		s.at = end
	}
	return ok
}

// element reads what precedes the nth element of an array or object, and reports whether there is one. If there is none,
// it reads the end.
func (s *scanner) element(end byte, n int) bool {
	if n == 0 {
		s.at++
		if s.depth++; s.depth > maxDepth {
			s.stop(ErrDepth)
			return false
		}
	}
	switch c := s.next(); {
	case c == end:
		s.at++
		s.depth--
		return false
	case n > 0 && c != ',':
		s.fail()
		return false
	case n > 0:
		s.at++
		s.next()
	}
	return true
}

// name reads the name of a member. It is valid until the next string is read.
func (s *scanner) name() []byte {
	name := s.text()
	if s.next(); !s.has(":") {
		s.fail()
	}
	return name
}

// skip reads any value and returns its JSON.
func (s *scanner) skip() []byte {
	c, start, ok := s.next(), s.at, true
	switch c {
	case '{':
		for n := 0; s.element('}', n); n++ {
			s.name()
			s.skip()
		}
	case '[':
		for n := 0; s.element(']', n); n++ {
			s.skip()
		}
	case '"':
		s.text()
	case 't', 'f', 'n':
		ok = s.has("true") || s.has("false") || s.has("null")
	default:
		ok = s.number()
	}
	if !ok {
		s.fail()
	}
	if s.err != nil {
		return nil
	}
	return s.data[start:s.at]
}

func (s *scanner) number() bool {
	s.has("-")
	if !s.has("0") && !s.digits() || s.has(".") && !s.digits() {
		return false
	}
	if s.has("e") || s.has("E") {
		_ = s.has("+") || s.has("-")
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.data) && '0' <= s.data[s.at] && s.data[s.at] <= '9' {
		s.at++
	}
	return s.at > start
}
