package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/paperspacetest"
)

func TestAllAssumptionsHoldAgainstTheFake(t *testing.T) {
	_, r, err := run{live: true}.probe(t)
	require.NoError(t, err)
	for _, a := range r.Assumptions {
		assert.Equal(t, held, a.Verdict, "%s: %s", a.Name, a.Claim)
	}
}

func TestAssumptionsHaveUniqueNamesAndTexts(t *testing.T) {
	names := map[string]bool{}
	for _, a := range assumptions() {
		assert.False(t, names[a.name], "%s is there twice", a.name)
		names[a.name] = true
		assert.NotEmpty(t, a.claim, a.name)
		assert.NotEmpty(t, a.used, a.name)
		assert.NotEmpty(t, a.how, a.name)
	}
}

func TestReadingAloneDoesNotSeeTheLifeOfAMachine(t *testing.T) {
	_, r, _ := run{}.probe(t)
	assert.Equal(t, held, r.verdictOf(t, "newest-first"))
	assert.Equal(t, notSeen, r.verdictOf(t, "deleted-404"))
	assert.Nil(t, r.Life)
}

func TestObjectThatIsCreatedBetweenPagesIsNoContradiction(t *testing.T) {
	_, r, _ := run{twist: func(next http.RoundTripper) http.RoundTripper {
		return &twist{next: next, response: func(r *reply) {
			if r.to("GET", "/machine-events") && r.query == "limit=1" {
				r.body = object{"hasMore": true, "nextPage": "start", "items": []any{object{"id": "another"}}}
			}
		}, request: func(r *http.Request) {
			if r.URL.Query().Get("after") == "start" {
				setQuery("after", "")(r)
			}
		}}
	}}.probe(t)
	assert.Equal(t, held, r.verdictOf(t, "limit"))
	assert.Equal(t, held, r.verdictOf(t, "cursor"))
}

// strictly turns a deviation of the in-memory Paperspace off.
func strictly(d paperspacetest.Deviation) run {
	return run{options: []paperspacetest.Option{paperspacetest.WithStrictContract(d)}}
}

func requests(f func(*http.Request)) run {
	return run{twist: func(next http.RoundTripper) http.RoundTripper { return &twist{next: next, request: f} }}
}

func replies(f func(*reply)) run {
	return run{twist: func(next http.RoundTripper) http.RoundTripper { return &twist{next: next, response: f} }}
}

// edit changes each object in the replies to a GET.
func edit(path string, f func(object)) run {
	return replies(func(r *reply) {
		if r.to("GET", path) {
			for _, o := range r.objects() {
				f(o)
			}
		}
	})
}

// setTo sets a member of each object in the replies to a GET.
func setTo(path, member string, value any) run {
	return edit(path, func(o object) { o[member] = value })
}

func header(name, value string) run {
	return replies(func(r *reply) {
		if r.Header.Del(name); value != "" {
			r.Header.Set(name, value)
		}
	})
}

// forPath replaces the reply to a method and a path.
func forPath(method, path string, status int, body any) run {
	return replies(func(r *reply) {
		if r.to(method, path) {
			r.become(status, body)
		}
	})
}

// withQuery changes a parameter of requests that have it with the value, or with any value if that is empty.
func withQuery(name, value string, change func(*http.Request)) run {
	return requests(func(r *http.Request) {
		if got := r.URL.Query().Get(name); got != "" && (value == "" || got == value) {
			change(r)
		}
	})
}

func setQuery(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		q := r.URL.Query()
		if q.Del(name); value != "" {
			q.Set(name, value)
		}
		r.URL.RawQuery = q.Encode()
	}
}

func live(r run) run {
	r.live = true
	return r
}

// acceptRefused accepts what the in-memory Paperspace refuses.
func acceptRefused(method, path string) run {
	return live(replies(func(r *reply) {
		if r.to(method, path) && r.StatusCode == http.StatusBadRequest {
			r.become(http.StatusOK, object{"event": object{"id": "e1"}, "data": object{"id": "m1"}})
		}
	}))
}

// turned has, for each assumption, a service of which it is not true.
func turned() map[string]run {
	const machine, event, events = "/machines/*", "/machine-events/*", "/machine-events"
	return map[string]run{
		"json":                header("Content-Type", "text/plain"),
		"date":                header("Date", ""),
		"request-id":          header("X-Request-Id", ""),
		"decodes":             setTo(machine, "cpus", "many"),
		"required-members":    edit("/machines", func(o object) { delete(o, "name") }),
		"known-members":       setTo("/machines", "colour", "red"),
		"nulls":               setTo("/machines", "name", nil),
		"types":               setTo("/machines", "name", number(5)),
		"values":              setTo("/machines", "state", "sleeping"),
		"formats":             setTo("/machines", "dtCreated", "yesterday"),
		"integers-as-strings": strictly(paperspacetest.IntegersAsStrings),
		"ram-in-bytes":        setTo("/machines", "ram", "45"),
		"known-regions":       setTo("/machines", "region", "Moon (MOON1)"),
		"long-regions":        strictly(paperspacetest.LongRegions),
		"no-secrets":          setTo("/teams/*/secrets", "value", "hunter2"),

		"api-errors": replies(func(r *reply) {
			if r.StatusCode/100 == 4 {
				r.body = object{"message": "refused"}
			}
		}),
		"unknown-id": replies(func(r *reply) {
			if r.to("GET", "/projects/*") && r.StatusCode == http.StatusNotFound {
				r.become(http.StatusBadRequest, apiError("BAD_REQUEST"))
			}
		}),
		"null-private-network": strictly(paperspacetest.NullPrivateNetwork),
		"unknown-path":         forPath("GET", "/paperspace-probe", http.StatusNotFound, object{"message": "no route"}),
		"no-405":               strictly(paperspacetest.No405),
		"base-url": replies(func(r *reply) {
			if !strings.HasPrefix(r.Request.URL.Path, "/v1/") {
				r.become(http.StatusForbidden, apiError("FORBIDDEN"))
			}
		}),
		"wrong-key": replies(func(r *reply) {
			if r.StatusCode == http.StatusUnauthorized {
				r.become(http.StatusForbidden, apiError("FORBIDDEN"))
			}
		}),
		"null-session": strictly(paperspacetest.NullSession),
		"no-key": replies(func(r *reply) {
			if r.Request.Header.Get("Authorization") == "" {
				r.become(http.StatusUnauthorized, apiError("UNAUTHORIZED"))
			}
		}),
		"bad-request": replies(func(r *reply) {
			if r.StatusCode == http.StatusBadRequest {
				r.StatusCode = http.StatusUnprocessableEntity
			}
		}),
		"issues": strictly(paperspacetest.Issues),

		"page-size": withQuery("limit", "120", setQuery("limit", "121")),
		"limit":     withQuery("limit", "1", setQuery("limit", "2")),
		"cursor":    withQuery("after", "", setQuery("after", "")),
		"more-has-cursor": replies(func(r *reply) {
			if at(r.body, "hasMore") == true {
				r.body.(object)["nextPage"] = nil
			}
		}),
		"null-next-page": strictly(paperspacetest.NullNextPage),
		"newest-first": replies(func(r *reply) {
			items, _ := at(r.body, "items").([]any)
			slices.Reverse(items)
		}),
		"name-filter": replies(func(r *reply) {
			if strings.Contains(r.query, "name=") {
				r.keep(func(object) bool { return false })
			}
		}),
		"partial-names": replies(func(r *reply) {
			if name := r.Request.URL.Query().Get("name"); name != "" {
				r.keep(func(o object) bool { return o["name"] == name })
			}
		}),
		"machine-filter":   withQuery("machineId", "", setQuery("machineId", "")),
		"private-datasets": setTo("/datasets", "isPublic", true),

		"silent-errors": edit(machine, func(o object) {
			if o["state"] == "off" {
				o["state"] = "ready"
			}
		}),
		"deployment-names":       setTo("/deployments", "name", "web"),
		"applied-before-healthy": edit("/deployments", func(o object) { o["latestSpec"].(object)["externalApplied"] = nil }),
		"latest-spec":            setTo("/deployments/*/history", "id", "another"),

		"endpoint-host": edit("/deployments", func(o object) { o["endpoint"] = "https://" + o["endpoint"].(string) }),
		"deployment-by-name": nthUpsert(2, func(r *reply) {
			r.body = object{"deploymentId": "another"}
		}),
		"deployment-by-project": live(run{twist: func(next http.RoundTripper) http.RoundTripper {
			var first any
			return &twist{next: next, response: func(r *reply) {
				if r.to("POST", "/deployments") {
					if first == nil {
						first = r.body
					}
					r.body = first
				}
			}}
		}}),
		"new-spec": live(edit("/deployments/*", func(o object) {
			if spec, ok := o["latestSpec"].(object); ok {
				spec["id"] = "same"
			}
		})),
		"spec-kept": live(edit("/deployments/*", func(o object) {
			if spec, ok := o["latestSpec"].(object); ok {
				spec["data"].(object)["image"] = "another"
			}
		})),
		"disabled-applied": live(edit("/deployments/*", func(o object) {
			if spec, ok := o["latestSpec"].(object); ok {
				spec["externalApplied"] = nil
			}
		})),
		"deleted-deployment": live(replies(func(r *reply) {
			if r.to("GET", "/deployments/*") && r.StatusCode == http.StatusNotFound {
				r.become(http.StatusForbidden, apiError("FORBIDDEN"))
			}
		})),

		"operations": live(replies(func(r *reply) {
			if r.to("PATCH", "/machines/*/restart") {
				delete(r.body.(object), "event")
			}
		})),
		"null-in-new-machines": live(strictly(paperspacetest.NullInNewMachines)),
		"service-clock":        live(header("Date", "Mon, 02 Jan 2006 15:04:05 GMT")),
		"new-machine-404": afterCreate(func(r *reply, since time.Duration) {
			if r.to("GET", machine) && since < 2*time.Minute {
				r.become(http.StatusNotFound, apiError("NOT_FOUND"))
			}
		}),
		"new-machine-listed": afterCreate(func(r *reply, since time.Duration) {
			if r.to("GET", "/machines") && since < 2*time.Minute {
				r.keep(func(o object) bool { return !probeName.MatchString(o["name"].(string)) })
			}
		}),
		"event-order": alternating(func(r *reply, odd bool) {
			if r.to("GET", event) && at(r.body, "state") == "in progress" && odd {
				r.body.(object)["state"] = "new"
			}
		}),
		"done-before-ready": live(edit(machine, func(o object) {
			if o["state"] == "starting" || o["state"] == "serviceready" {
				o["state"] = "ready"
			}
		})),
		"ready-after-restart": afterAccepted("PATCH", "/machines/*/restart", func(r *reply, polls int) {
			if r.to("GET", machine) && polls == 1 {
				r.body.(object)["state"] = "restarting"
			}
		}),
		"done-in-state": alternating(func(r *reply, odd bool) {
			if r.to("GET", machine) && at(r.body, "state") == "off" && odd {
				r.body.(object)["state"] = "stopping"
			}
		}),
		"own-events": live(replies(func(r *reply) {
			if r.to("GET", events) {
				r.keep(func(o object) bool { return o["name"] != "create" })
			}
		})),
		"storage-unit":    live(setTo(machine, "storageTotal", "50")),
		"dynamic-address": live(setTo(machine, "publicIp", nil)),
		"update-without-event": live(replies(func(r *reply) {
			if r.to("PUT", machine) {
				r.body.(object)["event"] = object{"id": "e1"}
			}
		})),
		"empty-object-body":    live(strictly(paperspacetest.EmptyObjectBody)),
		"start-while-ready":    acceptRefused("PATCH", "/machines/*/start"),
		"start-while-starting": acceptRefused("PATCH", "/machines/*/start"),
		"stop-while-off":       acceptRefused("PATCH", "/machines/*/stop"),
		"delete-again":         acceptRefused("DELETE", machine),
		"deleted-404":          deletedRemains("GET", machine),
		"deleted-unlisted":     deletedRemains("GET", "/machines"),
		"deleted-event": live(replies(func(r *reply) {
			if r.to("GET", event) && at(r.body, "name") == "deactivate" && at(r.body, "state") == "done" {
				r.become(http.StatusNotFound, apiError("NOT_FOUND"))
			}
		})),
	}
}

// nthUpsert changes the reply to one of the upserts, counted from 1.
func nthUpsert(n int, f func(*reply)) run {
	return live(run{twist: func(next http.RoundTripper) http.RoundTripper {
		seen := 0
		return &twist{next: next, response: func(r *reply) {
			if r.to("POST", "/deployments") {
				if seen++; seen == n {
					f(r)
				}
			}
		}}
	}})
}

// afterCreate passes how long ago a machine was created.
func afterCreate(f func(r *reply, since time.Duration)) run {
	return live(run{twist: func(next http.RoundTripper) http.RoundTripper {
		var created time.Time
		return &twist{next: next, response: func(r *reply) {
			if r.to("POST", "/machines") {
				created = time.Now()
			} else if !created.IsZero() {
				f(r, time.Since(created))
			}
		}}
	}})
}

// afterAccepted passes how many responses have come since a request was accepted.
func afterAccepted(method, path string, f func(r *reply, polls int)) run {
	return live(run{twist: func(next http.RoundTripper) http.RoundTripper {
		polls := -1
		return &twist{next: next, response: func(r *reply) {
			switch {
			case r.to(method, path) && r.StatusCode == http.StatusOK:
				polls = 0
			case polls >= 0:
				f(r, polls)
				polls++
			}
		}}
	}})
}

// alternating passes whether the number of the response, among those to the same path, is odd.
func alternating(f func(r *reply, odd bool)) run {
	return live(run{twist: func(next http.RoundTripper) http.RoundTripper {
		seen := map[string]int{}
		return &twist{next: next, response: func(r *reply) {
			key := fmt.Sprint(r.method, r.path, at(r.body, "state"))
			seen[key]++
			f(r, seen[key]%2 == 1)
		}}
	}})
}

// deletedRemains keeps returning a machine, or the list with it, after it was deleted.
func deletedRemains(method, path string) run {
	return live(run{twist: func(next http.RoundTripper) http.RoundTripper {
		var last, lastItem any
		return &twist{next: next, response: func(r *reply) {
			switch o, _ := r.body.(object); {
			case !r.to("GET", "/machines/*") && !r.to("GET", "/machines"):
			case o["items"] == nil && r.StatusCode == http.StatusOK:
				last = o
				if probeName.MatchString(textAt(o, "name")) {
					lastItem = o
				}
			case o["items"] == nil && path == "/machines/*" && lastItem != nil:
				r.become(http.StatusOK, last)
			case o["items"] != nil && path == "/machines" && lastItem != nil:
				o["items"] = append([]any{lastItem}, o["items"].([]any)...)
			}
		}}
	}})
}

func TestTurnedAssumptionsAreRefuted(t *testing.T) {
	cases := turned()
	for _, a := range assumptions() {
		assert.Contains(t, cases, a.name, "each assumption needs a service of which it is not true")
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, r, _ := cases[name].probe(t)
			assert.Equal(t, refuted, r.verdictOf(t, name))
		})
	}
}
