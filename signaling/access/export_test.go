package access

import "strings"

// Documented is the answer that the OpenAPI document has for a route.
func Documented(r Route) (out any, status int) {
	o := operations()[r.Method+" "+strings.TrimPrefix(r.Path, Prefix)]
	return o.out, o.status
}
