package paperspace

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const okVersion = `{"version":"v1","userId":null,"datasetId":"ds1","message":null,"metadata":{"rows":1000},"isCommitted":true,
	"url":null,"dtCreated":"2024-01-02T03:04:05Z","dtModified":"2024-01-02T03:04:05Z","tags":["a","b"],
	"usageBytes":"9007199254740993"}`

func TestVersionBodies(t *testing.T) {
	for body, params := range map[string]DatasetVersionUpdateParams{
		`{}`:                      {},
		`{"tags":""}`:             {Tags: []string{}},
		`{"tags":"a"}`:            {Tags: VersionTags{"a"}},
		`{"tags":"a,b c"}`:        {Tags: []string{"a", "b c"}},
		`{"message":""}`:          {Message: new("")},
		`{"metadata":{}}`:         {Metadata: map[string]any{}},
		`{"metadata":{"k":[1]}}`:  {Metadata: map[string]any{"k": []int{1}}},
		`{"isCommitted":false}`:   {IsCommitted: new(false)},
		`{"metadata":{"k":null}}`: {Metadata: map[string]any{"k": nil}},
	} {
		t.Run(body, func(t *testing.T) {
			rt := play(conformingReply(t, "datasetVersions-update", okVersion))
			c := newTestClient(t, rt)
			_, err := c.Versions.Update(t.Context(), "ds1", "v1", params)
			require.NoError(t, err)
			_, sent := lastRequest(t, rt, "datasetVersions-update")
			assert.Equal(t, body, sent)

			stored, err := json.Marshal(params)
			require.NoError(t, err)
			assert.JSONEq(t, body, string(stored))
			var again DatasetVersionUpdateParams
			require.NoError(t, json.Unmarshal(stored, &again))
			assert.Equal(t, params.Tags, again.Tags, "nil and empty tags differ")

			if params.IsCommitted != nil {
				return // creates lack the field
			}
			create := DatasetVersionCreateParams{Message: params.Message, Tags: params.Tags, Metadata: params.Metadata}
			_, err = c.Versions.Create(t.Context(), "ds1", create)
			require.NoError(t, err)
			_, sent = lastRequest(t, rt, "datasetVersions-create")
			assert.Equal(t, body, sent)
		})
	}
}

func TestVersionTagsInQuery(t *testing.T) {
	for _, tc := range []struct {
		tags VersionTags
		want url.Values
	}{
		{nil, url.Values{}},
		{VersionTags{}, url.Values{}},
		{VersionTags{"a", "b&c"}, url.Values{"tags": {"a,b&c"}}},
	} {
		rt := play(conformingReply(t, "datasetVersions-list", `{"hasMore":false,"items":[]}`))
		_, err := newTestClient(t, rt).Versions.List(t.Context(), "ds1", DatasetVersionListParams{Tags: tc.tags})
		require.NoError(t, err)
		query, _ := lastRequest(t, rt, "datasetVersions-list")
		assert.Equal(t, tc.want, query)
	}
}

func TestInvalidVersionTags(t *testing.T) {
	for _, tags := range []VersionTags{{"a", "b,c"}, {","}, {""}, {"a", ""}} {
		assertRefused(t, "datasetVersions-create", "tags", func(c *Client) error {
			_, err := c.Versions.Create(t.Context(), "ds1", DatasetVersionCreateParams{Tags: tags})
			return err
		})
		assertRefused(t, "datasetVersions-update", "tags", func(c *Client) error {
			_, err := c.Versions.Update(t.Context(), "ds1", "v1", DatasetVersionUpdateParams{Tags: tags})
			return err
		})
		assertRefused(t, "datasetVersions-list", "tags", func(c *Client) error {
			_, err := c.Versions.List(t.Context(), "ds1", DatasetVersionListParams{Tags: tags})
			return err
		})
		assertRefused(t, "datasetVersions-list", "tags", func(c *Client) error {
			_, err := Collect(c.Versions.All(t.Context(), "ds1", DatasetVersionListParams{Tags: tags}))
			return err
		})
		_, err := json.Marshal(DatasetVersionCreateParams{Tags: tags})
		require.Error(t, err, "encoding invalid tags")
	}
	assertRefused(t, "datasetVersions-create", "metadata.k", func(c *Client) error {
		_, err := c.Versions.Create(t.Context(), "ds1", DatasetVersionCreateParams{Metadata: map[string]any{"k": make(chan int)}})
		return err
	})
}

func TestVersionResponse(t *testing.T) {
	v, err := newTestClient(t, play(conformingReply(t, "datasetVersions-get", okVersion))).Versions.Get(t.Context(), "ds1", "v1")
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, v.Tags)
	assert.Equal(t, Bytes(9007199254740993), v.UsageBytes, "exact beyond the precision of a float64")
	assert.Equal(t, map[string]any{"rows": 1000.0}, v.Metadata)
	assert.Equal(t, VersionTags{"a", "b"}, DatasetVersionUpdateParams{Tags: v.Tags}.Tags, "received tags can be sent")
}

func TestDescriptions(t *testing.T) {
	const dataset = `{"id":"ds1","name":null,"dtCreated":"2024-01-02T03:04:05Z","dtModified":"2024-01-02T03:04:05Z",
		"isPublic":false,"teamId":"te1","storageProviderId":null,"description":`
	for _, tc := range []struct {
		set            Nullable[string]
		body, response string
		want           *string
	}{
		{Nullable[string]{}, `{}`, `null`, nil},
		{Null[string](), `{"description":null}`, `null`, nil},
		{Value(""), `{"description":""}`, `""`, new("")},
		{Value("rows"), `{"description":"rows"}`, `"rows"`, new("rows")},
	} {
		rt := play(conformingReply(t, "datasets-update", dataset+tc.response+`}`))
		c := newTestClient(t, rt)
		got, err := c.Datasets.Update(t.Context(), "ds1", DatasetUpdateParams{Description: tc.set})
		require.NoError(t, err)
		_, body := lastRequest(t, rt, "datasets-update")
		assert.Equal(t, tc.body, body)
		assert.Equal(t, tc.want, got.Description)

		want := map[string]any{"name": "n"}
		if tc.body != `{}` {
			want["description"] = nil
			if text, ok := tc.set.Get(); ok {
				want["description"] = text
			}
		}
		created, err := json.Marshal(want)
		require.NoError(t, err)
		_, err = c.Datasets.Create(t.Context(), DatasetCreateParams{Name: "n", Description: tc.set})
		require.NoError(t, err)
		_, body = lastRequest(t, rt, "datasets-create")
		assert.JSONEq(t, string(created), body)
		_, err = c.Models.Create(t.Context(), ModelCreateParams{Name: "n", Description: tc.set})
		require.NoError(t, err)
		_, body = lastRequest(t, rt, "models-create")
		assert.JSONEq(t, string(created), body)
	}
}

func TestDatasetPrivacy(t *testing.T) {
	for privacy, want := range map[DatasetPrivacy]url.Values{
		"":                    {"teamId": {"te1"}},
		DatasetPrivacyPrivate: {"teamId": {"te1"}, "privacy": {"PRIVATE"}},
		DatasetPrivacyPublic:  {"teamId": {"te1"}, "privacy": {"PUBLIC"}},
	} {
		rt := play(conformingReply(t, "datasets-list", `{"hasMore":false,"items":[]}`))
		_, err := newTestClient(t, rt).Datasets.List(t.Context(), DatasetListParams{TeamID: "te1", Privacy: privacy})
		require.NoError(t, err)
		query, _ := lastRequest(t, rt, "datasets-list")
		assert.Equal(t, want, query)
	}
}
