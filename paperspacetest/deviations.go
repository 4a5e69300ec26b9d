package paperspacetest

import (
	"fmt"
	"slices"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/internal/contract"
)

// Deviation is something that the live service does otherwise than its contract says. The server does as the live
// service; [WithStrictContract] switches that off.
type Deviation string

// The deviations.
const (
	// LongRegions answers "East Coast (NY2)" where the contract says "ny2".
	LongRegions Deviation = "long-regions"
	// IntegersAsStrings answers sizes in bytes as strings.
	IntegersAsStrings Deviation = "integers-as-strings"
	// NullInNewMachines answers null for required fields (ram, region, ...) of a machine that is being provisioned.
	NullInNewMachines Deviation = "null-in-new-machines"
	// NullNextPage answers a nextPage of null on the last page, where it should be absent.
	NullNextPage Deviation = "null-next-page"
	// NullSession answers null to auth-session with a wrong key, where other operations answer 401.
	NullSession Deviation = "null-session"
	// NullPrivateNetwork answers null to privateNetworks-get for an unknown id and for the team's default network,
	// where it should be 404 and the network.
	NullPrivateNetwork Deviation = "null-private-network"
	// No405 answers 404 to a wrong method on a known path.
	No405 Deviation = "no-405"
	// Issues answers a refused input with a field issues, which errors do not have in the contract. It is in details
	// otherwise.
	Issues Deviation = "issues"
	// EmptyObjectBody takes {} as the body of a write that has none in the contract.
	EmptyObjectBody Deviation = "empty-object-body"
)

// Deviations returns all deviations.
func Deviations() []Deviation {
	return []Deviation{
		LongRegions, IntegersAsStrings, NullInNewMachines, NullNextPage, NullSession, NullPrivateNetwork, No405, Issues,
		EmptyObjectBody,
	}
}

// WithStrictContract switches deviations off, all of them if none is named.
func WithStrictContract(off ...Deviation) Option {
	return func(s *Server) error {
		if len(off) == 0 {
			off = Deviations()
		}
		for _, d := range off {
			if !slices.Contains(Deviations(), d) {
				return fmt.Errorf("WithStrictContract: there is no deviation %q", d)
			}
			s.strict[d] = true
		}
		return nil
	}
}

// deviate turns an answer that keeps the contract into one of the live service. It changes value.
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
