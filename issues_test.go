package paperspace

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// issuesOf returns the issues of an error whose JSON has these issues.
func issuesOf(t *testing.T, issues string) []Issue {
	t.Helper()
	rt := play(reply(400, `{"message":"Input validation failed","code":"BAD_REQUEST","issues":`+issues+`}`))
	_, err := newTestClient(t, rt).Machines.Get(t.Context(), "m1")
	e, ok := errors.AsType[*Error](err)
	require.True(t, ok)
	return e.Issues
}

func TestUnionIssues(t *testing.T) {
	literal := func(path, want string) string {
		return fmt.Sprintf(`{"code":"invalid_literal","expected":%q,"path":[%s],"message":"Invalid literal value, expected %s"}`, want, path, want)
	}
	issue := func(path, message string) string {
		return fmt.Sprintf(`{"code":"invalid_type","path":[%s],"message":%q}`, path, message)
	}
	union := func(path string, branches ...string) string {
		for i, branch := range branches {
			branches[i] = `{"name":"ZodError","issues":[` + branch + `]}`
		}
		return fmt.Sprintf(`{"code":"invalid_union","path":[%s],"message":"Invalid input","unionErrors":[%s]}`, path, strings.Join(branches, ","))
	}
	const (
		config  = `"config"`
		version = `"config","apiVersion"`
		ports   = `"config","resources","ports"`
	)
	newest := union(version, literal(version, "v1"), literal(version, "latest"))
	for name, tc := range map[string]struct {
		issues string
		want   []string
	}{
		"not a union": {issue(ports, "Required"), []string{"config.resources.ports: Required"}},
		"one branch": {union(config, issue(ports, "Expected array, received number")),
			[]string{"config.resources.ports: Expected array, received number"}},
		"the branch of the version that was sent": {
			union(config,
				union(config, literal(version, "v0alpha0"), literal(version, "v0alpha1")+","+issue(ports, "no")),
				issue(ports, "Expected array, received number")+","+issue(`"config","env",0,"value"`, "Required")),
			[]string{"config.resources.ports: Expected array, received number", "config.env.0.value: Required"}},
		"the branch of an older version": {
			union(config, union(config, literal(version, "v0alpha0"), issue(ports, "Required")), newest+","+issue(`"config","name"`, "no")),
			[]string{"config.resources.ports: Required"}},
		"a discriminated union": {
			union(config, `{"code":"invalid_union_discriminator","path":[`+version+`],"message":"Invalid discriminator value"}`, issue(ports, "Required")),
			[]string{"config.resources.ports: Required"}},
		"no branch of that version": {
			union(config, union(config, literal(version, "v0alpha0"), literal(version, "v0alpha1")), newest),
			[]string{"config.apiVersion: Invalid literal value, expected v0alpha0", "config.apiVersion: Invalid literal value, expected v0alpha1",
				"config.apiVersion: Invalid literal value, expected v1"}},
		"a union without a discriminator": {
			union(`"config","healthChecks","startup"`, issue(`"config","healthChecks","startup","path"`, "Required")+`,{"code":"unrecognized_keys","keys":["exec"],"path":["config","healthChecks","startup"],"message":"Unrecognized key(s) in object: 'exec'"}`,
				issue(`"config","healthChecks","startup","exec","command"`, "Required")),
			[]string{"config.healthChecks.startup.exec.command: Required"}},
		"a union in a union": {
			union(config, literal(version, "v0alpha0"), union(`"config","integrations",1`,
				literal(`"config","integrations",1,"type"`, "model")+","+issue(`"config","integrations",1,"id"`, "Required"),
				issue(`"config","integrations",1,"url"`, "Required"))),
			[]string{"config.integrations.1.url: Required"}},
		"a nested constant is not a discriminator": {
			union(config, literal(`"config","resources","autoscaling"`, "x"), literal(version, "v1")),
			[]string{"config.resources.autoscaling: Invalid literal value, expected x"}},
		"the root": {union("", literal(`"type"`, "a"), issue(`"size"`, "Required")), []string{"size: Required"}},
		"zod 4": {
			`{"code":"invalid_union","path":["config"],"message":"Invalid input","errors":[[{"code":"invalid_value","values":["v1"],"path":["config","apiVersion"],"message":"Invalid input: expected \"v1\""}],[` + issue(ports, "Required") + `]]}`,
			[]string{"config.resources.ports: Required"}},
		"without branches":      {union(config), []string{"config: Invalid input"}},
		"with empty branches":   {union(config, "", ""), []string{"config: Invalid input"}},
		"with invalid branches": {`{"code":"invalid_union","path":["config"],"message":"Invalid input","unionErrors":[7,{"issues":{}}],"errors":"x"}`, []string{"config: Invalid input"}},
		"beside another issue":  {issue(`"projectId"`, "Required") + "," + union(config, issue(ports, "Required")), []string{"projectId: Required", "config.resources.ports: Required"}},
	} {
		var got []string
		for _, issue := range issuesOf(t, `[`+tc.issues+`]`) {
			got = append(got, issue.Path+": "+issue.Message)
		}
		assert.Equal(t, tc.want, got, name)
	}
}

func TestUnionIssuesAreBounded(t *testing.T) {
	issues := `{"code":"custom","path":["a"],"message":"deep"}`
	for range 100 {
		issues = `{"code":"invalid_union","path":[],"message":"Invalid input","unionErrors":[{"issues":[` + issues + `]}]}`
	}
	assert.Len(t, issuesOf(t, `[`+issues+`]`), 1)
}
