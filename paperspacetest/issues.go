package paperspacetest

import (
	"strconv"
	"strings"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// issueJSON returns an issue in the format of the service, which is that of zod: the issue of a union contains the
// issues of all its branches.
func issueJSON(issue contract.Issue) any {
	o := object{"code": issue.Code, "path": issuePath(issue.Path), "message": issue.Message}
	if issue.Branches != nil {
		branches := make([]any, len(issue.Branches))
		for i, within := range issue.Branches {
			issues := make([]any, len(within))
			for j, issue := range within {
				issues[j] = issueJSON(issue)
			}
			branches[i] = object{"name": "ZodError", "issues": issues}
		}
		o["unionErrors"] = branches
	}
	return o
}

// issuePath returns the parts of a path such as config.env[2].name, with indices as numbers.
func issuePath(path string) []any {
	parts := []any{}
	for part := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if i, err := strconv.Atoi(part); err == nil {
			parts = append(parts, i)
		} else {
			parts = append(parts, part)
		}
	}
	return parts
}
