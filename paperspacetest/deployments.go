package paperspacetest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// specOutcomes is the key of the queued outcomes of specs.
const specOutcomes = "spec"

// Unhealthy is an outcome of a deployment's spec: the spec is applied, but its instances fail with the message and it
// never becomes healthy.
func Unhealthy(message string) Outcome { return Outcome{unhealthy: message} }

// NextSpec queues outcomes for the next specs of deployments, one for each. Specs without a queued outcome become
// healthy. [Fails], [FailsUnfinished] and [Cancelled] set the spec's error, to "error" or "cancelled" if there is no
// reason, and do not apply it. [FailsSilently] is the same as [Done]. [Hangs] never applies the spec.
func (s *Server) NextSpec(outcomes ...Outcome) {
	s.t.Helper()
	if slices.Contains(outcomes, Outcome{}) {
		s.t.Fatalf("paperspacetest: NextSpec: %s", Outcome{}.check())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outcomes[specOutcomes] = append(s.outcomes[specOutcomes], outcomes...)
}

// Accessors for configs of any version.

func isEnabled(config object) bool {
	enabled, ok := config["enabled"].(bool)
	return enabled || !ok
}

func resourcesOf(config object) object {
	resources, _ := config["resources"].(object)
	return resources
}

func replicasOf(config object) int {
	if n, ok := resourcesOf(config)["replicas"]; ok {
		return int(integer(n))
	}
	return 1
}

// maxReplicas bounds the instances of a deployment, each of which takes memory.
const maxReplicas = 1000

func autoscales(config object) bool {
	autoscaling, _ := resourcesOf(config)["autoscaling"].(object)
	return isTrue(autoscaling["enabled"])
}

func upsertDeployment(c *call) (any, error) {
	config := c.body["config"].(object)
	if err := checkInteger("config.resources.replicas", resourcesOf(config)["replicas"], maxReplicas); err != nil {
		return nil, err
	}
	project, err := c.lookup(projects, c.str("projectId"))
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"machineType", "instanceType"} {
		if label, ok := resourcesOf(config)[name]; ok {
			if _, err := c.lookup(machineTypes, text(label)); err != nil {
				return nil, err
			}
		}
	}
	if err := c.checkRegistry(text(config["containerRegistry"])); err != nil {
		return nil, err
	}
	d := c.deploymentNamed(project.key, text(config["name"]))
	if c.given("deploymentId") {
		named := d
		if d, err = c.lookup(deployments, c.str("deploymentId")); err != nil {
			return nil, err
		}
		switch {
		case d.data["projectId"] != project.key:
			return nil, notFound(deployments)
		case named != nil && named != d:
			return nil, conflict("the project has another deployment with the name %s", text(config["name"]))
		}
	}
	if d != nil {
		c.changeSpec(d, config)
		return object{"deploymentId": d.key}, nil
	}
	id := c.uuid()
	d = c.store.add(deployments, "", id, object{
		"id": id, "name": config["name"], "projectId": project.key, "teamId": TeamID,
		"endpoint": "d" + strings.ReplaceAll(id, "-", "") + ".cluster.paperspacegradient.test", "latestSpecHash": nil,
		"dtCreated": c.stamp(), "latestSpec": nil, "basicAuthKey": nil,
		"shown": object{"id": id, "name": config["name"], "dtDeleted": nil},
	})
	spec := c.newSpec(d, config)
	c.setLatest(d, spec)
	c.scheduleApply(d, spec, c.durations.Apply)
	c.record(d, "deployment.created", nil)
	return object{"deploymentId": id}, nil
}

// deploymentNamed returns the project's deployment whose newest spec has the name, or nil.
func (c *call) deploymentNamed(projectID, name string) *row {
	for _, d := range c.store.rows(deployments) {
		if d.data["projectId"] == projectID && d.data["newestSpec"].(object)["data"].(object)["name"] == name {
			return d
		}
	}
	return nil
}

// checkRegistry refuses the name of a container registry that the team does not have. An ID is not accepted
// in place of the name.
func (c *call) checkRegistry(name string) error {
	for _, r := range c.store.rows(registries) {
		if r.data["name"] == name {
			return nil
		}
	}
	if name != "" {
		return badRequest("the team has no container registry with the name %s", name)
	}
	return nil
}

// gitHeaders returns the commit that the request names, or nil.
func (c *call) gitHeaders() any {
	headers := object{}
	for _, name := range []string{"x-git-host", "x-git-actor", "x-git-sha", "x-git-ref", "x-git-owner", "x-git-repo"} {
		value := c.header.Get(name)
		if value == "" || name == "x-git-host" && value != "github" && value != "gitlab" {
			return nil
		}
		headers[name] = value
	}
	return object{"gitHeaders": headers}
}

// changeSpec gives a deployment a new spec, which becomes visible after a delay.
func (c *call) changeSpec(d *row, config object) {
	before := d.data["newestSpec"].(object)["data"].(object)
	spec := c.newSpec(d, config)
	c.after(c.durations.Visible, func() {
		if c.isNewest(d, spec) {
			c.setLatest(d, spec)
		}
	})
	c.scheduleApply(d, spec, c.durations.Visible+c.durations.Apply)

	recorded := false
	record := func(when bool, action string, data any) {
		if when {
			c.record(d, action, data)
			recorded = true
		}
	}
	was, is := isEnabled(before), isEnabled(config)
	record(is && !was, "deployment.enabled", nil)
	record(was && !is, "deployment.disabled", nil)
	from, to := replicasOf(before), replicasOf(config)
	record(from != to, "deployment.scaled", object{"from": number(from), "to": number(to)})
	was, is = autoscales(before), autoscales(config)
	record(is && !was, "deployment.autoscaling.enabled", nil)
	record(was && !is, "deployment.autoscaling.disabled", nil)
	record(!recorded && !reflect.DeepEqual(before, config), "deployment.updated", nil)
}

func (c *call) newSpec(d *row, config object) object {
	spec := object{
		"id": c.id("spec", 12), "data": config, "deploymentId": d.key, "externalApplied": nil, "dtHealthy": nil,
		"userId": UserID, "error": nil, "metadata": c.gitHeaders(), "workflowRun": nil, "dtCreated": c.stamp(),
	}
	d.data["newestSpec"] = spec
	c.store.add(specs, d.key, text(spec["id"]), spec) // the history also has specs that never became visible
	return spec
}

// isNewest reports whether the deployment still exists and the spec is its newest.
func (s *Server) isNewest(d *row, spec object) bool {
	return s.store.get(deployments, "", d.key) == d && d.data["newestSpec"].(object)["id"] == spec["id"]
}

// setLatest makes the spec visible as the deployment's latest.
func (c *call) setLatest(d *row, spec object) {
	config := spec["data"].(object)
	encoded, _ := json.Marshal(config)
	hash := sha256.Sum256(encoded)
	d.data["latestSpec"], d.data["latestSpecHash"] = spec, hex.EncodeToString(hash[:])
	d.data["name"], d.data["basicAuthKey"] = config["name"], config["basicAuthKey"]
	d.data["shown"].(object)["name"] = config["name"]
}

// scheduleApply schedules that the spec is applied after the delay and then becomes healthy.
func (c *call) scheduleApply(d *row, spec object, delay time.Duration) {
	outcome := c.nextOutcome(specOutcomes)
	if outcome.hangs {
		return
	}
	config := spec["data"].(object)
	replicas := 0
	if isEnabled(config) {
		replicas = replicasOf(config)
	}
	var run object
	c.after(delay, func() {
		switch {
		case !c.isNewest(d, spec):
		case !outcome.takesEffect && outcome.unhealthy == "":
			spec["error"] = cmp.Or(text(outcome.reason), outcome.state)
		default:
			spec["externalApplied"] = c.stamp()
			run = c.runInstances(d, replicas, outcome.unhealthy)
		}
	})
	if replicas == 0 {
		return
	}
	c.after(delay+c.durations.Healthy, func() {
		if c.isNewest(d, spec) && run != nil && outcome.takesEffect {
			spec["dtHealthy"] = c.stamp()
			c.setHealthy(d, run)
		}
	})
}

// runInstances stops a deployment's previous instances and starts new ones. A problem makes them fail.
func (c *call) runInstances(d *row, replicas int, problem string) object {
	for _, before := range c.store.rows(deploymentRuns) {
		if before.parent == d.key {
			before.data["availableReplicas"], before.data["readyReplicas"] = number(0), number(0)
			for _, i := range before.data["instances"].([]any) {
				c.setInstanceState(i.(object), "stopped", "")
				i.(object)["dtFinished"] = c.stamp()
			}
		}
	}
	if replicas == 0 {
		return nil
	}
	id := c.uuid()
	instances := make([]any, replicas)
	for n := range instances {
		i := object{
			"id": c.uuid(), "dtCreated": c.stamp(), "dtFinished": nil, "instanceId": fmt.Sprintf("i%s-%d", id[:8], n),
			"history": []any{},
		}
		c.setInstanceState(i, "pending", "")
		if problem != "" {
			c.setInstanceState(i, "error", problem)
		}
		instances[n] = i
	}
	run := object{
		"id": id, "availableReplicas": number(0), "readyReplicas": number(0), "replicas": number(replicas),
		"instances": instances, "dtCreated": c.stamp(),
	}
	c.store.add(deploymentRuns, d.key, id, run)
	return run
}

func (c *call) setInstanceState(i object, state, message string) {
	entry := object{"state": state, "message": nil, "timestamp": c.stamp()}
	if message != "" {
		entry["message"] = message
	}
	i["state"], i["stateMessage"] = state, entry["message"]
	i["history"] = append(i["history"].([]any), entry)
}

func (c *call) setHealthy(d *row, run object) {
	run["readyReplicas"] = run["replicas"] // availableReplicas counts only replicas that are not ready yet
	for _, i := range run["instances"].([]any) {
		c.setInstanceState(i.(object), "healthy", "")
		c.addLog(d, text(i.(object)["instanceId"]), "the instance is healthy")
	}
}

func (s *Server) addLog(d *row, instanceID, message string) {
	id := s.uuid()
	log := object{
		"id": id, "jobId": d.key, "message": message, "uuid": id, "dtCreated": s.stamp(), "instanceId": nil,
	}
	if instanceID != "" {
		log["instanceId"] = instanceID
	}
	s.store.add(logs, d.key, id, log)
}

// record adds an action on a deployment to the project's activity.
func (c *call) record(d *row, action string, data any) {
	actor := c.store.get(users, "", UserID).data
	id := c.uuid()
	c.store.add(activities, text(d.data["projectId"]), id, object{
		"id": id, "data": data, "action": action, "dtCreated": c.stamp(), "deployment": d.data["shown"],
		"actor": object{
			"avatarUrl": nil, "fullName": text(actor["firstName"]) + " " + text(actor["lastName"]), "email": actor["email"],
		},
	})
}

// byDeployment selects activity by the parameter deploymentId.
func byDeployment(c *call) (func(object) bool, error) {
	if !c.query.Has("deploymentId") {
		return nil, nil
	}
	want := c.query.Get("deploymentId")
	return func(o object) bool { return o["deployment"].(object)["id"] == want }, nil
}

func deleteDeployment(c *call) (any, error) {
	d, err := c.find(deployments)
	if err != nil {
		return nil, err
	}
	c.record(d, "deployment.deleted", nil)
	d.data["shown"].(object)["dtDeleted"] = c.stamp()
	c.store.remove(deployments, d)
	return d.data, nil
}

// runsOf returns a deployment's runs, newest first.
func (c *call) runsOf(d *row) []any {
	runs := []any{}
	for _, r := range slices.Backward(c.store.rows(deploymentRuns)) {
		if r.parent == d.key {
			runs = append(runs, r.data)
		}
	}
	return runs
}

func getRuns(c *call) (any, error) {
	d, err := c.find(deployments)
	if err != nil {
		return nil, err
	}
	runs := c.runsOf(d)
	limit := integer(json.Number(c.param("limit")))
	if limit < 0 {
		return nil, badRequest("limit must not be negative")
	}
	return runs[:min(limit, int64(len(runs)))], nil
}

// getMetrics returns made-up values in the shape that the metric has.
func getMetrics(c *call) (any, error) {
	d, err := c.find(deployments)
	if err != nil {
		return nil, err
	}
	var instances []object
	for _, run := range c.runsOf(d) {
		for _, i := range run.(object)["instances"].([]any) {
			if i.(object)["state"] == "healthy" {
				instances = append(instances, i.(object))
			}
		}
	}
	points := []any{}
	switch metric := c.query.Get("metric"); metric {
	case "cpu", "memory":
		for _, i := range instances {
			points = append(points, object{
				"instanceId": i["instanceId"], "values": []any{object{"timestamp": c.stamp(), "value": "0.25"}},
			})
		}
	case "gpu":
		for n, i := range instances {
			points = append(points, object{
				"gpu": fmt.Sprint(n), "instanceId": i["instanceId"], "timestamp": c.stamp(), "value": "50",
			})
		}
	default:
		return object{"timestamp": c.stamp(), "value": fmt.Sprint(len(instances))}, nil
	}
	return points, nil
}
