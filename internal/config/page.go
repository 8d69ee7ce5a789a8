package config

import (
	"fmt"
	"reflect"
	"strings"
)

//go:generate go test -run ^TestPageIsUpToDate$ . -update

// Page is the reference page docs/configuration.md.
func Page() string {
	var b strings.Builder
	b.WriteString(`# Configuration

Settings of ` + "`phientoa serve`" + `. A flag wins over its environment variable, that over the default.
This page is generated from ` + "`internal/config`" + ` (` + "`make generate`" + `) and checked by its test.

| Flag | Environment | Default | Meaning |
|---|---|---|---|
`)
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		def := tag.Get("default")
		if def != "" {
			def = "`" + def + "`"
		}
		fmt.Fprintf(&b, "| `--%s` | `%s` | %s | %s |\n", tag.Get("name"), tag.Get("env"), def,
			strings.ReplaceAll(tag.Get("help"), "|", `\|`))
	}
	return b.String()
}
