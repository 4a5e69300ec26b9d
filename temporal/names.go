package paperspacetemporal

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	// maxSeries is the largest number of machines in a fleet.
	maxSeries = 100_000
	// maxNames bounds the names of a fleet as JSON, in bytes. Temporal refuses inputs over 2 MB.
	maxNames = 1 << 20
	// maxName is the longest name of a machine, in bytes as JSON.
	maxName = 255
)

// Series is a row of numbered names, such as "worker-0001" to "worker-2000". However long it is, it takes the same
// space in a workflow's input.
type Series struct {
	// Prefix comes before each number.
	Prefix string
	// First is the first number, 0 by default.
	First int
	// Count is how many names there are.
	Count int
	// Digits is the least number of digits: shorter numbers are padded with zeros. By default all numbers get as many
	// digits as the last one, so that no name contains another.
	Digits int
}

// Names returns the names.
func (s Series) Names() []string {
	names := make([]string, s.Count)
	for i := range names {
		names[i] = s.at(i)
	}
	return names
}

func (s Series) at(i int) string { return fmt.Sprintf("%s%0*d", s.Prefix, s.digits(), s.First+i) }

func (s Series) digits() int {
	if s.Digits > 0 {
		return s.Digits
	}
	return len(strconv.Itoa(s.First + s.Count - 1))
}

// index returns the position of a name in the series, and whether it is in it.
func (s Series) index(name string) (int, bool) {
	digits, ok := strings.CutPrefix(name, s.Prefix)
	if !ok {
		return 0, false
	}
	number, err := strconv.Atoi(digits)
	if i := number - s.First; err == nil && i >= 0 && i < s.Count && s.at(i) == name {
		return i, true
	}
	return 0, false
}

// Roster is the names of a fleet: a list or a series.
type Roster struct {
	// Names is the list.
	Names []string `json:",omitempty"`
	// Series is the series.
	Series Series `json:",omitzero"`
}

func (r Roster) len() int { return len(r.Names) + r.Series.Count }

func (r Roster) at(i int) string {
	if len(r.Names) > 0 {
		return r.Names[i]
	}
	return r.Series.at(i)
}

// part returns the names from the i-th up to the j-th.
func (r Roster) part(i, j int) Roster {
	if len(r.Names) > 0 {
		return Roster{Names: r.Names[i:j]}
	}
	s := r.Series
	s.Digits = s.digits()
	s.First += i
	s.Count = j - i
	return Roster{Series: s}
}

// finder returns a function that returns the position of a name, and whether the roster has it.
func (r Roster) finder() func(name string) (int, bool) {
	if len(r.Names) == 0 {
		return r.Series.index
	}
	positions := make(map[string]int, len(r.Names))
	for i, name := range r.Names {
		positions[name] = i
	}
	return func(name string) (int, bool) {
		i, ok := positions[name]
		return i, ok
	}
}

// check returns what is wrong with the names of the fleet whose workflow has the ID, or "".
func (r Roster) check(id, team string) string {
	s := r.Series
	switch {
	case len(r.Names) > 0 && s != Series{}:
		return "Names and Series are both set"
	case r.len() == 0:
		return "Names and Series are both empty"
	case s.First < 0 || s.Count < 0 || s.Digits < 0 || s.Digits > 18:
		return "Series: a number is negative, or Digits is over 18"
	case s.First > math.MaxInt-s.Count:
		return "Series: the numbers are too large"
	case r.len() > maxSeries:
		return fmt.Sprintf("there are %d names, and a fleet has at most %d", r.len(), maxSeries)
	case s.Count > 0 && encodedSize(s.at(s.Count-1)) > maxName:
		return fmt.Sprintf("Series: the names are longer than %d bytes", maxName)
	}
	if i, ok := r.Series.index(id); ok && team == "" {
		return fmt.Sprintf("Series: %q is the ID of this workflow", r.Series.at(i))
	}
	size := 0
	seen := make(map[string]bool, len(r.Names))
	for _, name := range r.Names {
		length := encodedSize(name)
		size += length + len(`"",`)
		switch {
		case name == "", length > maxName:
			return fmt.Sprintf("Names: %q is empty, or longer than %d bytes", clip(name, 100), maxName)
		case seen[name]:
			return fmt.Sprintf("Names: %q occurs twice", name)
		case WorkflowID(team, name) == id:
			return fmt.Sprintf("Names: %q is the ID of this workflow", name)
		case size > maxNames:
			return fmt.Sprintf("Names: they are longer than %d bytes together: use Series, or several fleets", maxNames)
		}
		seen[name] = true
	}
	return ""
}
