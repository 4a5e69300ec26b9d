package paperspace

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// getByName is a GetByName method, for any type of object.
type getByName func(ctx context.Context, c *Client, name string) (id string, err error)

// lookups returns the GetByName methods of all services by service name.
func lookups() map[string]getByName {
	found := map[string]getByName{}
	for field := range reflect.TypeFor[Client]().Fields() {
		if !field.IsExported() {
			continue
		}
		if _, ok := field.Type.MethodByName("GetByName"); !ok {
			continue
		}
		found[field.Name] = func(ctx context.Context, c *Client, name string) (string, error) {
			method := reflect.ValueOf(c).Elem().FieldByIndex(field.Index).MethodByName("GetByName")
			args := []reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(name)}
			if method.Type().NumIn() == 4 { // the name is unique within its project
				args = slices.Insert(args, 1, reflect.ValueOf("p1"))
			}
			results := method.Call(args)
			if err, _ := results[1].Interface().(error); err != nil {
				return "", err
			}
			return results[0].Elem().FieldByName("ID").String(), nil
		}
	}
	return found
}

func TestGetByName(t *testing.T) {
	const page = `{"items":[{"id":"1","name":"web-2"},{"id":"2","name":"Web"}],"hasMore":true,"nextPage":"p2"}`
	lists := func(second string) step {
		return func(r *http.Request) (*http.Response, error) {
			switch {
			case r.URL.Query().Get("privacy") == string(DatasetPrivacyPublic):
				return reply(200, `{"items":[],"hasMore":false}`)(r)
			case r.URL.Query().Get("after") == "":
				return reply(200, page)(r)
			}
			return reply(200, `{"items":[`+second+`],"hasMore":false}`)(r)
		}
	}
	assert.Len(t, lookups(), 12)
	for service, lookup := range lookups() {
		t.Run(service, func(t *testing.T) {
			for _, tc := range []struct {
				name, second, id string
				is               error
			}{
				{name: "web", second: `{"id":"3","name":"web"}`, id: "3"},
				{name: "web", second: `{"id":"3","name":"web"},{"id":"3","name":"web"}`, id: "3"},
				{name: "web", second: `{"id":"3","name":"web-3"}`, is: ErrNotFound},
				{name: "web", second: `{"id":"3","name":"web"},{"id":"4","name":"web"}`, is: ErrAmbiguous},
			} {
				id, err := lookup(t.Context(), newTestClient(t, lists(tc.second)), tc.name)
				if tc.is == nil {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, tc.is)
				}
				assert.Equal(t, tc.id, id)
			}
			rt := play(notFound)
			_, err := lookup(t.Context(), newTestClient(t, rt), "")
			require.ErrorContains(t, err, "name: is required")
			assert.Empty(t, rt.requests)
			_, err = lookup(t.Context(), newTestClient(t, reply(500, ""), WithRetryPolicy(RetryPolicy{MaxAttempts: 1})), "web")
			assert.ErrorIs(t, err, ErrServer)
		})
	}
}

// An object that is listed although it was deleted is not found, and does not make the name ambiguous.
func TestGetByNameIgnoresDeletedObjects(t *testing.T) {
	rt := play(reply(200, `{"items":[{"id":"1","name":"web","dtDeleted":"2024-05-01T12:00:00Z"},{"id":"2","name":"web"}],"hasMore":false}`))
	tested := 0
	for service, lookup := range lookups() {
		method := reflect.ValueOf(newTestClient(t, rt)).Elem().FieldByName(service).MethodByName("GetByName")
		if _, ok := method.Type().Out(0).Elem().FieldByName("DeletedAt"); !ok {
			continue
		}
		id, err := lookup(t.Context(), newTestClient(t, rt), "web")
		require.NoError(t, err, service)
		assert.Equal(t, "2", id, service)
		tested++
	}
	assert.Equal(t, 6, tested)
}
