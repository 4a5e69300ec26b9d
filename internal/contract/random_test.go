package contract_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paperspace-go/paperspace/internal/contract"
)

func TestRandomValuesAreValid(t *testing.T) {
	s := contract.Lookup("deployments-upsert").Request.Field("config").Schema
	for _, variant := range s.Variants {
		for seed := range uint64(500) {
			value := variant.Random(rand.New(rand.NewPCG(seed, 0)))
			if !assert.Empty(t, s.Check(value), "%v", value) {
				break
			}
		}
	}
}
