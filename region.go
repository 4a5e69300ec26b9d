package paperspace

import (
	"fmt"
	"net/url"
	"strings"
)

// Region is where machines, networks, public IPs and shared drives live. Its value is the short id, such as "ny2";
// the other spellings that the service uses decode to it, so that regions can be compared with ==. Regions that this
// package does not know are kept as the service spells them.
type Region string

// The regions that the API documents.
const (
	RegionNY2  Region = "ny2"
	RegionCA1  Region = "ca1"
	RegionAMS1 Region = "ams1"
)

var regions = []struct {
	id   Region
	long string
}{
	{RegionNY2, "East Coast (NY2)"},
	{RegionCA1, "West Coast (CA1)"},
	{RegionAMS1, "Europe (AMS1)"},
}

// ParseRegion reads a region as people write it: "ny2", "NY2" or "East Coast (NY2)", in any case and with space
// around it. Any other text is an error; a region newer than this package can be used as Region("…").
func ParseRegion(s string) (Region, error) {
	if r := normalRegion(s); r.Known() {
		return r, nil
	}
	return "", fmt.Errorf("paperspace: unknown region %q (known are ny2, ca1 and ams1)", s)
}

func normalRegion(s string) Region {
	trimmed := strings.TrimSpace(s)
	for _, known := range regions {
		if strings.EqualFold(trimmed, string(known.id)) || strings.EqualFold(trimmed, known.long) {
			return known.id
		}
	}
	return Region(s)
}

// Known reports whether the region is one that the API documents.
func (r Region) Known() bool { return r == RegionNY2 || r == RegionCA1 || r == RegionAMS1 }

// Long returns the service's own spelling, such as "East Coast (NY2)", and an unknown region as it is.
func (r Region) Long() string {
	r = normalRegion(string(r))
	for _, known := range regions {
		if r == known.id {
			return known.long
		}
	}
	return string(r)
}

// MarshalText returns the short id.
func (r Region) MarshalText() ([]byte, error) { return []byte(normalRegion(string(r))), nil }

// UnmarshalText reads any spelling.
func (r *Region) UnmarshalText(text []byte) error {
	for _, known := range regions { // in the service's own spelling, nothing is allocated
		if string(text) == string(known.id) || string(text) == known.long {
			*r = known.id
			return nil
		}
	}
	*r = normalRegion(string(text))
	return nil
}

// EncodeValues puts the short id into a query.
func (r Region) EncodeValues(key string, v *url.Values) error {
	v.Set(key, string(normalRegion(string(r))))
	return nil
}
