package paperspacetest

import (
	"fmt"
	"slices"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/internal/contract"
)

// Deviation is a behavior of the live service that deviates from its contract. The server has the same deviations;
// [WithStrictContract] turns them off.
type Deviation string

// The deviations.
const (
	// LongRegions returns "East Coast (NY2)" where the contract says "ny2".
	LongRegions Deviation = "long-regions"
	// IntegersAsStrings returns sizes in bytes as strings.
	IntegersAsStrings Deviation = "integers-as-strings"
	// NullInNewMachines returns null for required fields (ram, region, ...) of a machine that is being provisioned.
	NullInNewMachines Deviation = "null-in-new-machines"
	// NullNextPage returns a nextPage of null on the last page, where it should be absent.
	NullNextPage Deviation = "null-next-page"
	// NullSession makes auth-session return null for a wrong key, where other endpoints return 401.
	NullSession Deviation = "null-session"
	// NullPrivateNetwork makes privateNetworks-get return null for an unknown id and for the team's default network,
	// where it should return 404 and the network.
	NullPrivateNetwork Deviation = "null-private-network"
	// No405 returns 404, not 405, for a wrong method on a known path.
	No405 Deviation = "no-405"
	// Issues lists the issues of a validation error in a field issues, which the contract does not have. With the
	// deviation off, they are in details.
	Issues Deviation = "issues"
	// EmptyObjectBody accepts {} as the body of a write that has none in the contract.
	EmptyObjectBody Deviation = "empty-object-body"
)

// Deviations returns all deviations.
func Deviations() []Deviation {
	return []Deviation{
		LongRegions, IntegersAsStrings, NullInNewMachines, NullNextPage, NullSession, NullPrivateNetwork, No405, Issues,
		EmptyObjectBody,
	}
}

// WithStrictContract turns the named deviations off, or all of them if none is named.
func WithStrictContract(off ...Deviation) Option {
	return func(s *Server) error {
		if len(off) == 0 {
			off = Deviations()
		}
		for _, d := range off {
			if !slices.Contains(Deviations(), d) {
				return fmt.Errorf("WithStrictContract: no deviation %q", d)
			}
			s.strict[d] = true
		}
		return nil
	}
}

// deviate turns a response that conforms to the contract into the live service's. It modifies value.
func (s *Server) deviate(schema *contract.Schema, value any) any {
	switch value := value.(type) {
	case object:
		s.deviateObject(schema, value)
	case []any:
		if schema.Items != nil {
			for i, item := range value {
				value[i] = s.deviate(schema.Items, item)
			}
		}
	}
	return value
}

func (s *Server) deviateObject(schema *contract.Schema, o object) {
	if schema.Ref == "machine" && o["state"] == "provisioning" && !s.strict[NullInNewMachines] {
		for _, name := range []string{"ram", "storageTotal", "storageUsed", "region"} {
			o[name] = nil
		}
	}
	for _, f := range schema.Fields {
		v, ok := o[f.Name]
		switch {
		case !ok:
			if f.Name == "nextPage" && !s.strict[NullNextPage] {
				o[f.Name] = nil
			}
		case f.Ref == "config" || v == nil:
		case f.Name == "region" && f.Type == "string" && !s.strict[LongRegions]:
			if f.Enum != nil {
				o[f.Name] = paperspace.Region(text(v)).Long()
			}
		case f.Type == "integer" && (f.Format == "int64" || f.Name == "memory") && !s.strict[IntegersAsStrings]:
			o[f.Name] = fmt.Sprint(v)
		default:
			o[f.Name] = s.deviate(f.Schema, v)
		}
	}
}
