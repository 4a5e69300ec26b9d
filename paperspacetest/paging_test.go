package paperspacetest_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace/internal/contract"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// listKeys lists all pages and returns the keys of the items. It calls between, if not nil, after each page but the
// last.
func (b *bench) listKeys(path string, limit int, between func(page int)) []string {
	b.t.Helper()
	var keys []string
	after := ""
	for page := 0; ; page++ {
		require.Less(b.t, page, 100)
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		query := fmt.Sprintf("%slimit=%d", separator, limit)
		if after != "" {
			query += "&after=" + url.QueryEscape(after)
		}
		response := b.ok("GET", path+query, "")
		items := response["items"].([]any)
		assert.LessOrEqual(b.t, len(items), limit)
		for _, item := range items {
			keys = append(keys, key(item))
		}
		if response["hasMore"] == false {
			assert.Nil(b.t, response["nextPage"])
			return keys
		}
		after = response["nextPage"].(string)
		if between != nil {
			between(page)
		}
	}
}

// populate creates at least three objects of each kind and returns the path of each list, by endpoint.
func (b *bench) populate() map[string]string {
	b.t.Helper()
	id := func(o object) string { return at(o, "id").(string) }
	three := func(path, body string) (ids []string) {
		for n := range 3 {
			if n > 0 { // pairs have the same creation time
				b.clock.Advance(time.Second)
			}
			for range 2 {
				o := b.ok("POST", path, strings.ReplaceAll(body, "%n", fmt.Sprint(len(ids))))
				ids = append(ids, key(o))
			}
		}
		return ids
	}
	m := b.machine(true)
	b.machine(true)
	off := b.machine(false)
	project := id(b.ok("POST", "/projects", `{"name":"a"}`))
	three("/projects", `{"name":"a"}`)
	dataset := id(b.ok("POST", "/datasets", `{"name":"d"}`))
	three("/datasets", `{"name":"d"}`)
	three("/datasets/"+dataset+"/versions", `{}`)
	for range 3 {
		model := id(b.ok("POST", "/models", `{"name":"m"}`))
		b.ok("POST", "/projects/"+project+"/models/"+model, "")
	}
	for n := range 3 {
		user := b.AddUser(paperspacetest.User{Email: fmt.Sprintf("u%d@example.com", n), TeamID: paperspacetest.TeamID})
		b.ok("POST", "/machines/"+m+"/accessors", `{"userId":"`+user+`"}`)
		b.ok("POST", "/projects/"+project+"/collaborators", `{"userId":"`+user+`"}`)
		b.ok("POST", "/snapshots", `{"name":"s","machineId":"`+m+`"}`)
	}
	three("/projects/"+project+"/tags", `{"name":"t%n"}`)
	three("/projects/"+project+"/secrets", `{"name":"S%n","value":"x"}`)
	three("/teams/taekk107hp/secrets", `{"name":"S%n","value":"x"}`)
	three("/startup-scripts", `{"name":"s%n","script":"x"}`)
	three("/private-networks", `{"name":"n%n","region":"ny2"}`)
	three("/public-ips", `{"region":"ny2"}`)
	three("/shared-drives", `{"name":"d%n","region":"ny2","size":50,"networkId":"n8fw0k2me"}`)
	three("/container-registries", `{"name":"r","namespace":"","url":"u","username":"u","password":""}`)
	three("/storage-providers", `{"name":"p","storageProviderType":"s3","s3Config":{"bucket":"b","accessKey":"a","secretAccessKey":"s"}}`)
	b.ok("POST", "/custom-templates", `{"name":"c","machineId":"`+off+`"}`)
	var deployment string
	for _, name := range []string{"api", "docs", "web"} {
		body := strings.Replace(fmt.Sprintf(deploymentBody, project), "web", name, 1)
		deployment = b.ok("POST", "/deployments", body)["deploymentId"].(string)
	}
	for range 2 {
		b.clock.Advance(time.Minute)
		again := strings.Replace(fmt.Sprintf(deploymentBody, project), `{`, `{"deploymentId":"`+deployment+`",`, 1)
		b.ok("POST", "/deployments", again)
	}
	b.clock.Advance(time.Minute)

	paths := map[string]string{}
	for _, e := range contract.Endpoints() {
		if !e.IsList() {
			continue
		}
		owner := map[string]string{
			"machines": m, "projects": project, "datasets": dataset, "teams": paperspacetest.TeamID, "deployments": deployment,
		}[strings.Split(e.Path, "/")[1]]
		paths[e.ID] = strings.NewReplacer("{id}", owner, "{datasetId}", owner, "{teamId}", owner).Replace(e.Path)
	}
	return paths
}

func TestPagesOfEveryList(t *testing.T) {
	b := newBench(t)
	paths := b.populate()
	for id, path := range paths {
		e := contract.Lookup(id)
		orders := e.Parameters[slices.IndexFunc(e.Parameters, func(p contract.Parameter) bool { return p.Name == "orderBy" })].Enum
		for _, orderBy := range orders {
			query := fmt.Sprintf("%s?orderBy=%s&order=", path, orderBy)
			ascending := b.listKeys(query+"asc", 120, nil)
			assert.GreaterOrEqual(t, len(ascending), 3, id)
			assert.Len(t, slices.Compact(slices.Sorted(slices.Values(ascending))), len(ascending), "%s: an item is listed twice", id)
			descending := b.listKeys(query+"desc", 120, nil)
			assert.Equal(t, descending, b.listKeys(path+"?orderBy="+fmt.Sprint(orderBy), 120, nil), "%s: the default order is descending", id)
			slices.Reverse(descending)
			assert.Equal(t, ascending, descending, id)
			assert.Equal(t, ascending, b.listKeys(query+"asc", 1, nil), id)
			assert.Equal(t, ascending, b.listKeys(query+"asc", 2, nil), id)
		}
	}
	byName := b.ok("GET", "/startup-scripts?orderBy=name&order=asc", "")["items"].([]any)
	var names []string
	for _, s := range byName {
		names = append(names, s.(object)["name"].(string))
	}
	assert.True(t, slices.IsSorted(names))
}

func TestPagesWhileTheListChanges(t *testing.T) {
	for _, order := range []string{"orderBy=dtCreated&order=asc", "orderBy=dtCreated&order=desc", "orderBy=name&order=asc"} {
		t.Run(order, func(t *testing.T) {
			b := newBench(t)
			create := func(name string) string {
				b.clock.Advance(time.Second)
				return b.ok("POST", "/startup-scripts", `{"name":"`+name+`","script":"x"}`)["id"].(string)
			}
			var all []string
			for n := range 9 {
				all = append(all, create(fmt.Sprintf("script %d", n)))
			}
			var first []string
			seen := b.listKeys("/startup-scripts?"+order, 3, func(page int) {
				if page > 0 {
					return
				}
				// Delete the whole first page, to whose last item the cursor points, and the next item; then add new items.
				first = b.listKeys("/startup-scripts?"+order, 120, nil)[:4]
				for _, id := range first {
					b.ok("DELETE", "/startup-scripts/"+id, "")
				}
				create("script 0 new")
				create("script 99 new")
			})
			for _, id := range all {
				if id != first[3] {
					assert.Contains(t, seen, id, "an item is missing")
				}
			}
			assert.NotContains(t, seen, first[3])
			assert.Len(t, slices.Compact(slices.Sorted(slices.Values(seen))), len(seen), "an item is listed twice")
		})
	}
}

func TestCursorIsValidForItsOrderOnly(t *testing.T) {
	b := newBench(t)
	for range 3 {
		b.ok("POST", "/startup-scripts", `{"name":"s","script":"x"}`)
	}
	cursor := b.ok("GET", "/startup-scripts?limit=1", "")["nextPage"].(string)
	b.ok("GET", "/startup-scripts?after="+cursor, "")
	b.refused(400, "GET", "/startup-scripts?orderBy=name&after="+cursor, "")
	b.refused(400, "GET", "/startup-scripts?order=asc&after="+cursor, "")
}

// filtered is a list with one object that a parameter's value selects, and others that it does not.
type filtered struct {
	path, value string
	by, want    string // path of the identifying field and its value in the selected object; "" if none is selected
}

// filters creates a filtered list for each endpoint and filter parameter. A new server already has some of the objects.
var filters = map[string]func(b *bench) filtered{
	"customTemplates-list name": func(*bench) filtered { return filtered{"/custom-templates", "TRAIN", "id", "tq1x8trn2"} },
	"customTemplates-list machineId": func(b *bench) filtered {
		id := b.machine(false)
		b.create("/custom-templates", `{"name":"t","machineId":"`+id+`"}`)
		return filtered{"/custom-templates", id, "parentMachineId", id}
	},
	"machineEvents-list machineId": func(b *bench) filtered {
		b.machine(false)
		id := b.machine(false)
		return filtered{"/machine-events", id, "machineId", id}
	},
	"machines-list name":        ofMachines("WEB"),
	"machines-list region":      ofMachines("Europe (AMS1)"),
	"machines-list agentType":   ofMachines("WindowsDesktop"),
	"machines-list machineType": ofMachines("A4000"),
	"osTemplates-list name":     func(*bench) filtered { return filtered{"/os-templates", "windows", "id", "t9taj00e"} },
	"privateNetworks-list name": func(*bench) filtered {
		return filtered{"/private-networks", "PRIV", "id", paperspacetest.NetworkID}
	},
	"privateNetworks-list region": func(b *bench) filtered {
		return filtered{"/private-networks", "ca1", "id", b.create("/private-networks", `{"name":"n","region":"ca1"}`)}
	},
	"publicIps-list region": func(b *bench) filtered {
		b.create("/public-ips", `{"region":"ny2"}`)
		return filtered{"/public-ips", "ca1", "ip", b.create("/public-ips", `{"region":"ca1"}`)}
	},
	"sharedDrives-list name":   ofDrives("TWO"),
	"sharedDrives-list region": ofDrives("ca1"),
	"snapshots-list machineId": func(b *bench) filtered {
		b.create("/snapshots", `{"name":"s","machineId":"`+b.machine(false)+`"}`)
		id := b.machine(false)
		b.create("/snapshots", `{"name":"s","machineId":"`+id+`"}`)
		return filtered{"/snapshots", id, "machineId", id}
	},
	"startupScripts-list name": func(b *bench) filtered {
		b.create("/startup-scripts", `{"name":"one","script":"x"}`)
		return filtered{"/startup-scripts", "TWO", "id", b.create("/startup-scripts", `{"name":"two","script":"x"}`)}
	},
	"projectActivity-list deploymentId": func(b *bench) filtered {
		project := b.create("/projects", project)
		b.upsert("", project, strings.Replace(config("}"), "web", "site", 1))
		id := b.upsert("", project, config("}"))
		return filtered{"/projects/" + project + "/activity", id, "deployment.id", id}
	},
	"projectDeployments-list name": func(b *bench) filtered {
		project := b.create("/projects", project)
		b.upsert("", project, config("}"))
		id := b.upsert("", project, strings.Replace(config("}"), "web", "api", 1))
		return filtered{"/projects/" + project + "/deployments", "API", "id", id}
	},
	"projectModels-list name": func(b *bench) filtered {
		project := b.create("/projects", project)
		b.create("/models", `{"name":"one","projectId":"`+project+`"}`)
		id := b.create("/models", `{"name":"two","projectId":"`+project+`"}`)
		return filtered{"/projects/" + project + "/models", "TWO", "id", id}
	},
	"models-list projectId": func(b *bench) filtered {
		b.create("/models", `{"name":"m"}`)
		project := b.create("/projects", project)
		return filtered{"/models", project, "id", b.create("/models", `{"name":"m","projectId":"`+project+`"}`)}
	},
	"datasets-list teamId": func(b *bench) filtered {
		b.create("/datasets", `{"name":"d"}`) // the server has datasets of one team only
		return filtered{"/datasets", "tother", "id", ""}
	},
	"datasets-list privacy": func(b *bench) filtered {
		b.create("/datasets", `{"name":"d"}`)
		return filtered{"/datasets", "PUBLIC", "id", b.create("/datasets", `{"name":"d","isPublic":true}`)}
	},
	"datasetVersions-list tags": func(b *bench) filtered {
		path := "/datasets/" + b.create("/datasets", `{"name":"d"}`) + "/versions"
		b.create(path, `{"tags":"a,b"}`)
		return filtered{path, "c,d", "version", b.create(path, `{"tags":"b,c"}`)}
	},
	"deploymentLogs-list instanceId": func(b *bench) filtered {
		id := b.upsert("", b.create("/projects", project), config("}"))
		b.AddLog(id, "i1", "one")
		b.AddLog(id, "i2", "two")
		return filtered{"/deployments/" + id + "/logs", "i2", "message", "two"}
	},
	"teamMemberships-listByTeamId role": func(*bench) filtered {
		return filtered{"/teams/" + paperspacetest.TeamID + "/users", "owner", "user.id", paperspacetest.UserID}
	},
}

func ofMachines(value string) func(b *bench) filtered {
	return func(b *bench) filtered {
		b.machine(false)
		id := b.create("/machines", `{"name":"web","machineType":"A4000","templateId":"t9taj00e","diskSize":100,"region":"ams1"}`)
		return filtered{"/machines", value, "id", id}
	}
}

func ofDrives(value string) func(b *bench) filtered {
	return func(b *bench) filtered {
		b.create("/shared-drives", `{"name":"one","region":"ny2","size":50,"networkId":"n8fw0k2me"}`)
		network := b.create("/private-networks", `{"name":"n","region":"ca1"}`)
		id := b.create("/shared-drives", `{"name":"two","region":"ca1","size":50,"networkId":"`+network+`"}`)
		return filtered{"/shared-drives", value, "id", id}
	}
}

func TestFiltersOfEveryList(t *testing.T) {
	tested := 0
	for _, e := range contract.Endpoints() {
		if !e.IsList() {
			continue
		}
		for _, p := range e.Parameters {
			if p.In != contract.InQuery || slices.Contains([]string{"limit", "after", "order", "orderBy"}, p.Name) {
				continue
			}
			tested++
			t.Run(e.ID+" "+p.Name, func(t *testing.T) {
				listOf := filters[e.ID+" "+p.Name]
				require.NotNil(t, listOf, "filters has no entry for the parameter")
				b := newBench(t)
				list := listOf(b)
				keys := func(query string) []any {
					keys := []any{}
					for _, item := range b.ok("GET", list.path+query, "")["items"].([]any) {
						keys = append(keys, at(item.(object), list.by))
					}
					return keys
				}
				want := []any{list.want}
				if list.want == "" {
					want = []any{}
				}
				assert.Equal(t, want, keys("?"+p.Name+"="+url.QueryEscape(list.value)))
				assert.NotEqual(t, want, keys(""), "the list has no object that the filter could leave out")
			})
		}
	}
	assert.Len(t, filters, tested)
}

func TestMachineFilters(t *testing.T) {
	b := newBench(t)
	id := b.machine(false)
	b.ok("POST", "/machines", `{"name":"web","machineType":"A4000","templateId":"t9taj00e","diskSize":100,"region":"ams1"}`)
	for query, want := range map[string]int{
		"": 2, "?name=TRAIN": 1, "?name=nothing": 0, "?region=ny2": 1, "?region=Europe+(AMS1)": 1, "?region=AMS1": 1,
		"?region=ca1": 0, "?agentType=WindowsDesktop": 1, "?machineType=C2": 1, "?machineType=C2&region=ams1": 0,
	} {
		assert.Len(t, b.ok("GET", "/machines"+query, "")["items"], want, query)
	}
	assert.Len(t, b.ok("GET", "/machine-events?machineId="+id, "")["items"], 1)
	b.refused(400, "GET", "/machines?region=mars", "")
}
