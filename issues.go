package paperspace

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Issue is the service's error for one field of a request.
type Issue struct {
	// Code is the kind of the issue, such as "invalid_type"; may be empty.
	Code string `json:"code,omitempty"`
	// Path is the path of the field, with dots between its parts; may be empty.
	Path string `json:"path,omitempty"`
	// Message is the service's error message.
	Message string `json:"message"`
}

// maxIssues bounds the issues of an error and of each branch of a union, and maxIssueDepth the unions within unions.
const maxIssues, maxIssueDepth = 100, 5

// parseIssues reads the issues in the body of an error, which may have unexpected types. The issue of a union reports
// only that no branch fits, and contains the issues of every branch: those of the branch that fits best replace it.
func parseIssues(value jsontext.Value, depth int) (issues []Issue) {
	var values []jsontext.Value
	_, _ = responses.Decode(value, &values) // which bounds the memory that many elements take
	for _, value := range values[:min(len(values), maxIssues)] {
		var members map[string]jsontext.Value
		if odd, err := responses.Decode(value, &members); err != nil || len(odd) > 0 {
			issues = append(issues, Issue{Message: text(value)})
			continue
		}
		issue := Issue{Code: text(members["code"]), Path: issuePath(members["path"]), Message: text(members["message"])}
		var branches [][]Issue
		if depth < maxIssueDepth {
			branches = parseBranches(members, depth+1)
		}
		if within := bestBranch(issue.Path, branches); len(within) > 0 {
			issues = append(issues, within...)
		} else {
			issues = append(issues, issue)
		}
	}
	return issues
}

func issuePath(value jsontext.Value) string {
	var path []jsontext.Value
	_, _ = responses.Decode(value, &path)
	path = path[:min(len(path), maxIssues)]
	parts := make([]string, len(path))
	for i, part := range path {
		parts[i] = text(part)
	}
	return strings.Join(parts, ".")
}

// parseBranches reads the issues of each branch of a union, as zod 3 has them in unionErrors, and zod 4 in errors.
func parseBranches(members map[string]jsontext.Value, depth int) (branches [][]Issue) {
	var unionErrors []struct {
		Issues jsontext.Value `json:"issues"`
	}
	var lists []jsontext.Value
	_, _ = responses.Decode(members["unionErrors"], &unionErrors)
	_, _ = responses.Decode(members["errors"], &lists)
	for _, branch := range unionErrors[:min(len(unionErrors), maxIssues)] {
		lists = append(lists, branch.Issues)
	}
	for _, list := range lists[:min(len(lists), maxIssues)] {
		if issues := parseIssues(list, depth); len(issues) > 0 {
			branches = append(branches, issues)
		}
	}
	return branches
}

// bestBranch returns the issues of the branch that fits the value best: the one with the fewest issues of those that
// accept the discriminator, such as apiVersion. If no branch accepts it, the issues are those of the discriminator.
func bestBranch(union string, branches [][]Issue) (best []Issue) {
	var discriminator []Issue
	for _, branch := range branches {
		refused := false
		for _, issue := range branch {
			if issue.isDiscriminator(union) {
				refused = true
				if !slices.Contains(discriminator, issue) {
					discriminator = append(discriminator, issue)
				}
			}
		}
		if !refused && (best == nil || len(branch) < len(best)) {
			best = branch
		}
	}
	if best == nil {
		return discriminator
	}
	return best
}

// isDiscriminator reports whether the issue is that of a member of the union's object that must be a constant.
func (i Issue) isDiscriminator(union string) bool {
	if !slices.Contains([]string{"invalid_literal", "invalid_enum_value", "invalid_union_discriminator", "invalid_value"}, i.Code) {
		return false
	}
	member, within := strings.CutPrefix(i.Path, union+".")
	if union == "" {
		member, within = i.Path, i.Path != ""
	}
	return within && !strings.Contains(member, ".")
}
