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

// key is what an item of a list is known by.
func key(item any) string {
	for _, path := range []string{"id", "ip", "version", "name", "user.id"} {
		if v := at(item.(object), path); v != nil {
			return fmt.Sprint(v)
		}
	}
	return ""
}

// walk returns the keys of all items of a list, page by page.
func (b *bench) walk(path string, limit int, between func(page int)) []string {
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
		answer := b.ok("GET", path+query, "")
		items := answer["items"].([]any)
		assert.LessOrEqual(b.t, len(items), limit)
		for _, item := range items {
			keys = append(keys, key(item))
		}
		if answer["hasMore"] == false {
			assert.Nil(b.t, answer["nextPage"])
			return keys
		}
		after = answer["nextPage"].(string)
		if between != nil {
			between(page)
		}
	}
}

const deploymentBody = `{"projectId":"%s","config":{"apiVersion":"v1","name":"web","image":"nginx",` +
	`"resources":{"machineType":"C5","replicas":3,"ports":[80]}}}`

// populate makes at least three of everything, and returns the path of each list.
func (b *bench) populate() map[string]string {
	b.t.Helper()
	id := func(o object) string { return at(o, "id").(string) }
	three := func(path, body string) (ids []string) {
		for n := range 3 {
			if n > 0 { // some are of the same time
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
	b.machine(false)
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
	b.ok("POST", "/custom-templates", `{"name":"c","machineId":"`+m+`"}`)
	var deployment string
	for range 3 {
		deployment = b.ok("POST", "/deployments", fmt.Sprintf(deploymentBody, project))["deploymentId"].(string)
	}
	for range 2 {
		b.clock.Advance(time.Minute)
		again := strings.Replace(fmt.Sprintf(deploymentBody, project), `{`, `{"deploymentId":"`+deployment+`",`, 1)
		b.ok("POST", "/deployments", again)
	}
	b.clock.Advance(time.Minute)

	paths := map[string]string{}
	for _, op := range contract.Operations() {
		if op.Response.Field("nextPage") == nil {
			continue
		}
		owner := map[string]string{
			"machines": m, "projects": project, "datasets": dataset, "teams": paperspacetest.TeamID, "deployments": deployment,
		}[strings.Split(op.Path, "/")[1]]
		paths[op.ID] = strings.NewReplacer("{id}", owner, "{datasetId}", owner, "{teamId}", owner).Replace(op.Path)
	}
	return paths
}

func TestEveryListPages(t *testing.T) {
	b := newBench(t)
	paths := b.populate()
	require.Len(t, paths, 27)
	for id, path := range paths {
		op := contract.Lookup(id)
		orders := op.Parameters[slices.IndexFunc(op.Parameters, func(p contract.Parameter) bool { return p.Name == "orderBy" })].Enum
		for _, orderBy := range orders {
			query := fmt.Sprintf("%s?orderBy=%s&order=", path, orderBy)
			ascending := b.walk(query+"asc", 120, nil)
			assert.GreaterOrEqual(t, len(ascending), 3, id)
			assert.Len(t, slices.Compact(slices.Sorted(slices.Values(ascending))), len(ascending), "%s: no item comes twice", id)
			descending := b.walk(query+"desc", 120, nil)
			assert.Equal(t, descending, b.walk(path+"?orderBy="+fmt.Sprint(orderBy), 120, nil), "%s: descending unless told otherwise", id)
			slices.Reverse(descending)
			assert.Equal(t, ascending, descending, id)
			assert.Equal(t, ascending, b.walk(query+"asc", 1, nil), id)
			assert.Equal(t, ascending, b.walk(query+"asc", 2, nil), id)
		}
	}
	byName := b.ok("GET", "/startup-scripts?orderBy=name&order=asc", "")["items"].([]any)
	var names []string
	for _, s := range byName {
		names = append(names, s.(object)["name"].(string))
	}
	assert.True(t, slices.IsSorted(names))
}

func TestPagesStayRightWhileTheListChanges(t *testing.T) {
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
			seen := b.walk("/startup-scripts?"+order, 3, func(page int) {
				if page > 0 {
					return
				}
				// All of the first page goes, its last item included, which the cursor points at; one more to come
				// goes too, and others come.
				first = b.walk("/startup-scripts?"+order, 120, nil)[:4]
				for _, id := range first {
					b.ok("DELETE", "/startup-scripts/"+id, "")
				}
				create("script 0 new")
				create("script 99 new")
			})
			for _, id := range all {
				if id != first[3] {
					assert.Contains(t, seen, id, "nothing is lost")
				}
			}
			assert.NotContains(t, seen, first[3])
			assert.Len(t, slices.Compact(slices.Sorted(slices.Values(seen))), len(seen), "nothing comes twice")
		})
	}
}

func TestCursorsBelongToTheirOrder(t *testing.T) {
	b := newBench(t)
	for range 3 {
		b.ok("POST", "/startup-scripts", `{"name":"s","script":"x"}`)
	}
	cursor := b.ok("GET", "/startup-scripts?limit=1", "")["nextPage"].(string)
	b.ok("GET", "/startup-scripts?after="+cursor, "")
	b.refused(400, "GET", "/startup-scripts?orderBy=name&after="+cursor, "")
	b.refused(400, "GET", "/startup-scripts?order=asc&after="+cursor, "")
}

// made creates an object and returns what it is known by.
func (b *bench) made(path, body string) string {
	b.t.Helper()
	o := b.ok("POST", path, body)
	if data, ok := o["data"].(object); ok { // it comes with an event
		o = data
	}
	return key(o)
}

// filtered is a list with an object that a parameter's value asks for, and one that it does not ask for.
type filtered struct {
	path, value string
	by, want    string // what the items are told apart by; none is wanted if it is ""
}

// filters hold, for each parameter that a list has besides those of paging, what makes such a list. Every server begins
// with some of the objects.
var filters = map[string]func(b *bench) filtered{
	"customTemplates-list name": func(*bench) filtered { return filtered{"/custom-templates", "TRAIN", "id", "tq1x8trn2"} },
	"customTemplates-list machineId": func(b *bench) filtered {
		id := b.machine(false)
		b.made("/custom-templates", `{"name":"t","machineId":"`+id+`"}`)
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
		return filtered{"/private-networks", "ca1", "id", b.made("/private-networks", `{"name":"n","region":"ca1"}`)}
	},
	"publicIps-list region": func(b *bench) filtered {
		b.made("/public-ips", `{"region":"ny2"}`)
		return filtered{"/public-ips", "ca1", "ip", b.made("/public-ips", `{"region":"ca1"}`)}
	},
	"sharedDrives-list name":   ofDrives("TWO"),
	"sharedDrives-list region": ofDrives("ca1"),
	"snapshots-list machineId": func(b *bench) filtered {
		b.made("/snapshots", `{"name":"s","machineId":"`+b.machine(false)+`"}`)
		id := b.machine(false)
		b.made("/snapshots", `{"name":"s","machineId":"`+id+`"}`)
		return filtered{"/snapshots", id, "machineId", id}
	},
	"startupScripts-list name": func(b *bench) filtered {
		b.made("/startup-scripts", `{"name":"one","script":"x"}`)
		return filtered{"/startup-scripts", "TWO", "id", b.made("/startup-scripts", `{"name":"two","script":"x"}`)}
	},
	"projectActivity-list deploymentId": func(b *bench) filtered {
		project := b.made("/projects", project)
		b.upsert("", project, config("}"))
		id := b.upsert("", project, config("}"))
		return filtered{"/projects/" + project + "/activity", id, "deployment.id", id}
	},
	"projectDeployments-list name": func(b *bench) filtered {
		project := b.made("/projects", project)
		b.upsert("", project, config("}"))
		id := b.upsert("", project, strings.Replace(config("}"), "web", "api", 1))
		return filtered{"/projects/" + project + "/deployments", "API", "id", id}
	},
	"projectModels-list name": func(b *bench) filtered {
		project := b.made("/projects", project)
		b.made("/models", `{"name":"one","projectId":"`+project+`"}`)
		id := b.made("/models", `{"name":"two","projectId":"`+project+`"}`)
		return filtered{"/projects/" + project + "/models", "TWO", "id", id}
	},
	"models-list projectId": func(b *bench) filtered {
		b.made("/models", `{"name":"m"}`)
		project := b.made("/projects", project)
		return filtered{"/models", project, "id", b.made("/models", `{"name":"m","projectId":"`+project+`"}`)}
	},
	"datasets-list teamId": func(b *bench) filtered {
		b.made("/datasets", `{"name":"d"}`) // all that can be made are the team's
		return filtered{"/datasets", "tother", "id", ""}
	},
	"datasets-list privacy": func(b *bench) filtered {
		b.made("/datasets", `{"name":"d"}`)
		return filtered{"/datasets", "PUBLIC", "id", b.made("/datasets", `{"name":"d","isPublic":true}`)}
	},
	"datasetVersions-list tags": func(b *bench) filtered {
		path := "/datasets/" + b.made("/datasets", `{"name":"d"}`) + "/versions"
		b.made(path, `{"tags":"a,b"}`)
		return filtered{path, "c,d", "version", b.made(path, `{"tags":"b,c"}`)}
	},
	"deploymentLogs-list instanceId": func(b *bench) filtered {
		id := b.upsert("", b.made("/projects", project), config("}"))
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
		id := b.made("/machines", `{"name":"web","machineType":"A4000","templateId":"t9taj00e","diskSize":100,"region":"ams1"}`)
		return filtered{"/machines", value, "id", id}
	}
}

func ofDrives(value string) func(b *bench) filtered {
	return func(b *bench) filtered {
		b.made("/shared-drives", `{"name":"one","region":"ny2","size":50,"networkId":"n8fw0k2me"}`)
		network := b.made("/private-networks", `{"name":"n","region":"ca1"}`)
		id := b.made("/shared-drives", `{"name":"two","region":"ca1","size":50,"networkId":"`+network+`"}`)
		return filtered{"/shared-drives", value, "id", id}
	}
}

func TestEveryListFilters(t *testing.T) {
	tested := 0
	for _, op := range contract.Operations() {
		if op.Response.Field("items") == nil {
			continue
		}
		for _, p := range op.Parameters {
			if p.In != contract.InQuery || slices.Contains([]string{"limit", "after", "order", "orderBy"}, p.Name) {
				continue
			}
			tested++
			t.Run(op.ID+" "+p.Name, func(t *testing.T) {
				listOf := filters[op.ID+" "+p.Name]
				require.NotNil(t, listOf, "there is no test of it")
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
				assert.NotEqual(t, want, keys(""), "there is nothing to leave out")
			})
		}
	}
	assert.Len(t, filters, tested)
}

func TestFilters(t *testing.T) {
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
