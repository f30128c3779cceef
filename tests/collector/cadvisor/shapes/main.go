// Prints the JSON shapes of cAdvisor's answers, as its own Go types have them, for shapes.json:
//
//	go mod init shapes && go mod edit -replace github.com/google/cadvisor/lib=github.com/google/cadvisor/lib@v0.60.6
//	go get github.com/google/cadvisor@v0.60.6 && go run . > shapes.json
//
// A shape is "string", "bool", "time", Go's name of a number, ["list", shape], ["map", shape] or an
// object of fields; the name of a field that Go leaves out when it is empty ends in "?".
// tcp_advanced, of 90 counters, is left out: Weir reads none of them.
package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	v1 "github.com/google/cadvisor/info/v1"
	v2 "github.com/google/cadvisor/info/v2"
)

var moment = reflect.TypeOf(time.Time{})

func fields(t reflect.Type, into map[string]any) {
	for i := 0; i < t.NumField(); i++ {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "-" || name == "tcp_advanced":
		case field.Anonymous && name == "":
			fields(field.Type, into)
		default:
			if name == "" {
				name = field.Name
			}
			// encoding/json leaves out empty values, but knows no empty struct.
			if strings.Contains(options, "omitempty") && field.Type.Kind() != reflect.Struct {
				name += "?"
			}
			into[name] = shape(field.Type)
		}
	}
}

func shape(t reflect.Type) any {
	switch {
	case t == moment:
		return "time"
	case t.Kind() == reflect.Pointer:
		return shape(t.Elem())
	case t.Kind() == reflect.Struct:
		found := map[string]any{}
		fields(t, found)
		return found
	case t.Kind() == reflect.Slice:
		return []any{"list", shape(t.Elem())}
	case t.Kind() == reflect.Map:
		return []any{"map", shape(t.Elem())}
	case t.Kind() == reflect.String:
		return "string"
	case t.Kind() == reflect.Bool:
		return "bool"
	}
	return t.Kind().String() // uint64, int32, float64 …
}

func main() {
	types := []any{
		v1.ContainerInfo{},
		v1.MachineInfo{},
		v1.Event{},
		v2.Attributes{},
		v2.ContainerInfo{},
		v2.ContainerSpec{},
		v2.DeprecatedContainerStats{},
		v2.DerivedStats{},
		v2.MachineStats{},
	}
	for i, value := range types {
		line, err := json.Marshal(shape(reflect.TypeOf(value)))
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s%q: %s", map[bool]string{true: "{\n", false: ",\n"}[i == 0], reflect.TypeOf(value).String(), line)
	}
	fmt.Println("\n}")
}
