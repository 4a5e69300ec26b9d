package paperspace

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestS3ConfigRoundTrips(t *testing.T) {
	const key = `"bucket":"b","accessKey":"AKIA","secretAccessKey":"hunter2"`
	for _, tc := range []struct{ name, config string }{
		{"nothing but what must be", `{` + key + `}`},
		{"nulls", `{"endpoint":null,` + key + `,"region":null,"signatureVersion":null,"retainData":null}`},
		{"values", `{"endpoint":"https://s3.example.com",` + key + `,"region":"us-east-1","signatureVersion":"v4","retainData":false}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rt := play(conformingReply(t, "storageProviders-get", `{"id":"sp1","name":"n","isTeamDefault":null,"isManaged":false,"s3Config":`+tc.config+`}`))
			c := newTestClient(t, rt)
			provider, err := c.Storage.Get(t.Context(), "sp1")
			require.NoError(t, err)
			assert.Nil(t, provider.IsTeamDefault)
			assert.Equal(t, "hunter2", provider.S3Config.SecretAccessKey.Reveal())

			_, err = c.Storage.Update(t.Context(), "sp1", StorageProviderUpdateParams{Name: "m", S3Config: provider.S3Config})
			require.NoError(t, err)
			_, body := lastRequest(t, rt, "storageProviders-update")
			assert.JSONEq(t, `{"name":"m","s3Config":`+tc.config+`}`, body)

			_, err = c.Storage.Create(t.Context(), StorageProviderCreateParams{
				Name: "m", StorageProviderType: StorageProviderTypeS3, IsTeamDefault: new(false), S3Config: provider.S3Config,
			})
			require.NoError(t, err)
			_, body = lastRequest(t, rt, "storageProviders-create")
			assert.JSONEq(t, `{"name":"m","storageProviderType":"s3","isTeamDefault":false,"s3Config":`+tc.config+`}`, body)
		})
	}
}

// The region of a bucket is not a Paperspace region, even if it has the same name.
func TestS3RegionIsAPlainString(t *testing.T) {
	rt := play(reply(http.StatusOK, `{"s3Config":{"region":"NY2"}}`))
	provider, err := newTestClient(t, rt).Storage.Get(t.Context(), "sp1")
	require.NoError(t, err)
	assert.Equal(t, Value("NY2"), provider.S3Config.Region)
}

func TestStorageUtilization(t *testing.T) {
	rt := play(conformingReply(t, "storageUtilization-getPublic", `{"totalFreeStorage":"1","remainingFreeStorage":"2","totalUsage":"9007199254740993",
		"modelUsage":"4","datasetUsage":"5","sharedStorageUsage":"6","notebookWorkspaceUsage":""}`))
	got, err := newTestClient(t, rt).Storage.GetUtilization(t.Context())
	require.NoError(t, err)
	lastRequest(t, rt, "storageUtilization-getPublic")
	assert.Equal(t, &StorageUtilization{
		TotalFreeStorage: 1, RemainingFreeStorage: 2, TotalUsage: 9007199254740993,
		ModelUsage: 4, DatasetUsage: 5, SharedStorageUsage: 6,
	}, got)
}

// The size of a drive is sent in GB. Responses have it in any form, in an undocumented unit.
func TestSharedDriveSize(t *testing.T) {
	for size, want := range map[string]SharedDriveSize{
		`250`: 250, `250.0`: 250, `"268435456000"`: 268435456000, `null`: 0, `""`: 0, `"9007199254740993"`: 9007199254740993,
	} {
		rt := play(reply(http.StatusOK, `{"id":"d1","size":`+size+`,"password":"hunter2","region":"East Coast (NY2)"}`))
		drive, err := newTestClient(t, rt).SharedDrives.Create(t.Context(), SharedDriveCreateParams{
			Name: "n", Size: 250, Region: "NY2", NetworkID: "nf8i2qd",
		})
		require.NoError(t, err, size)
		_, body := lastRequest(t, rt, "sharedDrives-create")
		assert.JSONEq(t, `{"name":"n","size":250,"region":"ny2","networkId":"nf8i2qd"}`, body)
		assert.Equal(t, want, drive.Size, size)
		assert.Equal(t, Sensitive("hunter2"), drive.Password)
		assert.Equal(t, RegionNY2, drive.Region)
	}
	drive := new(SharedDrive)
	odd, err := decodeResponse([]byte(`{"id":"d1","size":"big"}`), drive)
	require.NoError(t, err)
	assert.Equal(t, []Odd{{"/size", "string where an integer was expected"}}, odd)
	assert.Equal(t, SharedDrive{ID: "d1"}, *drive)
}
