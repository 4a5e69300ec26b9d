package wire

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"sync"
)

// The errors of documents that exceed a limit.
var (
	ErrDepth  = errors.New("it is nested too deeply")
	ErrMemory = errors.New("it has too many elements for its size")
)

const (
	// maxDepth is how deeply arrays and objects may nest, as in encoding/json.
	maxDepth = 10_000

	// A document may take this much memory, apart from its strings: something for each of its bytes, and something for its
	// being there. A full page of the API takes less than one byte for each of its own, and a page of {} takes hundreds.
	memoryPerByte, memoryAtLeast = 8, 1 << 20
)

// document is the state of a scanner in one document. After an error the scanner is at the end, where every loop ends.
type document struct {
	decoder *Decoder
	data    []byte
	at      int // the offset of the next byte
	depth   int
	memory  int // that may still be taken
	err     error
	odd     []oddValue
	lost    int // how many odd values no Form holds
}

// scanner reads JSON documents, one after the other.
type scanner struct {
	document
	seen [1024]string // strings of this and of earlier documents, by their hash
}

var scanners = sync.Pool{New: func() any { return new(scanner) }}

func (s *scanner) fail() { s.stop(fmt.Errorf("invalid JSON at byte %d of %d", s.at, len(s.data))) }

func (s *scanner) stop(err error) { s.err, s.at = cmp.Or(s.err, err), len(s.data) }

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

// hasByte is has for one byte.
func (s *scanner) hasByte(c byte) bool {
	ok := s.at < len(s.data) && s.data[s.at] == c
	if ok {
		s.at++
	}
	return ok
}

// null reads a null as the zero value.
func (s *scanner) null(v reflect.Value) bool {
	if !s.has("null") {
		s.fail()
	}
	v.SetZero()
	return true
}

// element reads what precedes the nth element of an array or object, and reports whether there is one. If there is none,
// it reads the end.
func (s *scanner) element(end byte, n int) bool {
	if n == 0 {
		s.at++
		if s.depth++; s.depth > maxDepth {
			s.stop(ErrDepth)
		}
	}
	switch s.next(); {
	case s.hasByte(end):
		s.depth--
		return false
	case n > 0 && !s.hasByte(','):
		s.fail()
	}
	s.next()
	return s.err == nil
}

// name reads the name of a member.
func (s *scanner) name() []byte {
	name := s.text()
	if s.next(); !s.hasByte(':') {
		s.fail()
	}
	return name
}

// skip reads any value and returns its JSON.
func (s *scanner) skip() []byte {
	c := s.next()
	start := s.at
	switch c {
	case '"':
		s.text()
	case '{', '[':
		for n := 0; s.element(c+2, n); n++ { // the end of either comes two later in ASCII
			if c == '{' {
				s.name()
			}
			s.skip()
		}
	case 't', 'f', 'n':
		if !s.has("true") && !s.has("false") && !s.has("null") {
			s.fail()
		}
	default:
		s.number()
	}
	return s.data[start:s.at]
}

func (s *scanner) number() {
	s.hasByte('-')
	ok := s.hasByte('0') || s.digits()
	ok = ok && (!s.hasByte('.') || s.digits())
	if ok && (s.hasByte('e') || s.hasByte('E')) {
		_ = s.hasByte('+') || s.hasByte('-')
		ok = s.digits()
	}
	if !ok {
		s.fail()
	}
}

func (s *scanner) digits() bool {
	rest, n := s.data[s.at:], 0
	for n < len(rest) && rest[n]-'0' <= 9 {
		n++
	}
	s.at += n
	return n > 0
}
