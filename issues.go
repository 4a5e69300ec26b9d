package paperspace

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
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

// maxIssueDepth bounds unions within unions.
const maxIssueDepth = 10

// parseIssues reads the issues in the body of an error, however oddly they are typed. An issue of a union says only that
// no branch of it fits, and has the issues of every branch inside: it is replaced by those of the branch that was meant.
func parseIssues(value jsontext.Value, depth int) (issues []Issue) {
	var values []jsontext.Value
	_ = json.Unmarshal(value, &values, decodeOptions)
	for _, value := range values {
		var members map[string]jsontext.Value
		if json.Unmarshal(value, &members, decodeOptions) != nil {
			issues = append(issues, Issue{Message: text(value)})
			continue
		}
		issue := Issue{Code: text(members["code"]), Path: issuePath(members["path"]), Message: text(members["message"])}
		var branches [][]Issue
		if depth < maxIssueDepth {
			branches = parseBranches(members, depth+1)
		}
		if within := meantBranch(issue.Path, branches); len(within) > 0 {
			issues = append(issues, within...)
		} else {
			issues = append(issues, issue)
		}
	}
	return issues
}

func issuePath(value jsontext.Value) string {
	var path []jsontext.Value
	_ = json.Unmarshal(value, &path, decodeOptions)
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
	_ = json.Unmarshal(members["unionErrors"], &unionErrors, decodeOptions)
	_ = json.Unmarshal(members["errors"], &lists, decodeOptions)
	for _, branch := range unionErrors {
		lists = append(lists, branch.Issues)
	}
	for _, list := range lists {
		if issues := parseIssues(list, depth); len(issues) > 0 {
			branches = append(branches, issues)
		}
	}
	return branches
}

// meantBranch returns the issues of the branch that the value was meant for: one without complaint about the member that
// tells the branches apart, such as apiVersion, and of those the one with the fewest issues. Where every branch complains
// about that member, it is what is wrong.
func meantBranch(union string, branches [][]Issue) (meant []Issue) {
	var tells []Issue
	for _, branch := range branches {
		i := slices.IndexFunc(branch, func(issue Issue) bool { return issue.tellsBranches(union) })
		switch {
		case i >= 0:
			for _, issue := range branch {
				if issue.tellsBranches(union) && !slices.Contains(tells, issue) {
					tells = append(tells, issue)
				}
			}
		case meant == nil || len(branch) < len(meant):
			meant = branch
		}
	}
	if meant == nil {
		return tells
	}
	return meant
}

// tellsBranches reports whether the issue is about a constant in a member of the union's object itself.
func (i Issue) tellsBranches(union string) bool {
	if !slices.Contains([]string{"invalid_literal", "invalid_enum_value", "invalid_union_discriminator", "invalid_value"}, i.Code) {
		return false
	}
	member, within := strings.CutPrefix(i.Path, union+".")
	if union == "" {
		member, within = i.Path, i.Path != ""
	}
	return within && !strings.Contains(member, ".")
}
