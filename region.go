package paperspace

import (
	"fmt"
	"net/url"
	"strings"
)

// Region is the location of machines, networks, public IPs and shared drives. Its value is the short ID, such as
// "ny2". The service's other spellings of a known region decode to its short ID, so that regions can be compared with
// ==. Unknown regions keep the service's spelling.
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

// ParseRegion parses a known region: "ny2", "NY2" or "East Coast (NY2)", in any case and with surrounding space.
// Anything else is an error. For a region that this package does not know, use Region("…").
func ParseRegion(s string) (Region, error) {
	if r := normalRegion(s); r.Known() {
		return r, nil
	}
	return "", fmt.Errorf("paperspace: unknown region %q (known regions: ny2, ca1, ams1)", s)
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

// Known reports whether the API documents the region.
func (r Region) Known() bool { return r == RegionNY2 || r == RegionCA1 || r == RegionAMS1 }

// Long returns the service's long spelling, such as "East Coast (NY2)". An unknown region is returned unchanged.
func (r Region) Long() string {
	r = normalRegion(string(r))
	for _, known := range regions {
		if r == known.id {
			return known.long
		}
	}
	return string(r)
}

// MarshalText returns the short ID.
func (r Region) MarshalText() ([]byte, error) { return []byte(normalRegion(string(r))), nil }

// UnmarshalText accepts any spelling.
func (r *Region) UnmarshalText(text []byte) error {
	for _, known := range regions { // the service's own spellings need no allocation
		if string(text) == string(known.id) || string(text) == known.long {
			*r = known.id
			return nil
		}
	}
	*r = normalRegion(string(text))
	return nil
}

// EncodeValues adds the short ID to a query.
func (r Region) EncodeValues(key string, v *url.Values) error {
	v.Set(key, string(normalRegion(string(r))))
	return nil
}
