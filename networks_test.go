package paperspace

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAssignPublicIP(t *testing.T) {
	for _, tc := range []struct {
		machine  Nullable[string]
		body     string
		response string
		want     string
	}{
		{Value("psm9u09bwu5i"), `{"machineId":"psm9u09bwu5i"}`, `,"assignedMachineId":"psm9u09bwu5i"`, "psm9u09bwu5i"},
		{Null[string](), `{"machineId":null}`, ``, ""},
	} {
		rt := play(conformingReply(t, "publicIps-assign",
			`{"ip":"192.0.2.1","region":"East Coast (NY2)","dtCreated":"2024-01-02T03:04:05Z"`+tc.response+`}`))
		ip, err := newTestClient(t, rt).PublicIPs.Assign(t.Context(), "192.0.2.1", PublicIPAssignParams{MachineID: tc.machine})
		require.NoError(t, err)
		_, body := lastRequest(t, rt, "publicIps-assign")
		assert.Equal(t, tc.body, body)
		assert.Equal(t, tc.want, ip.AssignedMachineID)
		assert.Equal(t, RegionNY2, ip.Region)
	}
}

func TestPrivateNetworkNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(conformingReply(t, "privateNetworks-get", `null`))
		network, err := newTestClient(t, rt).PrivateNetworks.Get(t.Context(), "nf8i2qd")
		require.ErrorIs(t, err, ErrNotFound)
		assert.Nil(t, network)

		rt = play(reply(http.StatusOK, `null`))
		_, err = newTestClient(t, rt).PrivateNetworks.Update(t.Context(), "nf8i2qd", PrivateNetworkUpdateParams{})
		require.ErrorIs(t, err, ErrOutcomeUnknown, "null means not found only for a get")
		_, body := lastRequest(t, rt, "privateNetworks-update")
		assert.Equal(t, `{}`, body)
	})
}
