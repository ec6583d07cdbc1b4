package config

import (
	"reflect"
	"slices"
	"strings"

	commonconfig "github.com/prometheus/common/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/relabel"
	"gopkg.in/yaml.v3"
)

// A schema says which keys a mapping of the file may have.
type schema struct {
	keys  []schemaKey
	rest  reflect.Type   // of the values of all other keys, or nil when there are none
	types []reflect.Type // the struct behind the mapping, and those that it inlines
}

type schemaKey struct {
	name      string
	typ       reflect.Type
	discovery bool // the key is one of the mechanisms of service discovery
}

func (s *schema) find(name string) (schemaKey, bool) {
	i := slices.IndexFunc(s.keys, func(k schemaKey) bool { return k.name == name })
	if i < 0 {
		return schemaKey{}, false
	}
	return s.keys[i], true
}

func (s *schema) names(discovery bool) []string {
	var names []string
	for _, k := range s.keys {
		if k.discovery == discovery {
			names = append(names, k.name)
		}
	}
	return names
}

// A valueKind is the kind of node that a value has to be in YAML.
type valueKind int

const (
	scalarKind valueKind = iota
	listKind
	mappingKind
	anyKind
)

// valueKindOf returns the kind of values of type t, which is no pointer.
func valueKindOf(t reflect.Type) valueKind {
	switch {
	case t == reflect.TypeFor[commonconfig.URL](), t == reflect.TypeFor[relabel.Regexp]():
		return scalarKind
	case reflect.PointerTo(t).Implements(reflect.TypeFor[yaml.Unmarshaler]()):
		return scalarKind // Only the types of values.go do.
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return listKind
	case reflect.Map, reflect.Struct:
		return mappingKind
	case reflect.Interface:
		return anyKind
	default:
		return scalarKind
	}
}

// rawGroup is the file's side of targetgroup.Group, whose own fields are not.
type rawGroup struct {
	Targets []string             `yaml:"targets"`
	Labels  map[labelName]string `yaml:"labels"`
}

// deref returns the type behind pointers, as the file has it.
func deref(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[targetgroup.Group]() {
		return reflect.TypeFor[rawGroup]()
	}
	return t
}

// A catalog makes schemas, each once.
type catalog map[reflect.Type]*schema

// of returns the schema of t, which is a mapping.
func (c catalog) of(t reflect.Type) *schema {
	if s, ok := c[t]; ok {
		return s
	}
	s := &schema{types: []reflect.Type{t}}
	c[t] = s
	if t.Kind() == reflect.Map {
		s.rest = t.Elem()
		return s
	}
	var inlined []reflect.StructField
	for i := range t.NumField() {
		if f := t.Field(i); strings.HasSuffix(f.Tag.Get("yaml"), ",inline") {
			inlined = append(inlined, f)
		} else {
			c.field(s, f)
		}
	}
	// Last, so that messages list a mapping's own keys first.
	for _, f := range inlined {
		inner := c.of(deref(f.Type))
		s.keys = append(s.keys, inner.keys...)
		s.types = append(s.types, inner.types...)
		s.rest = inner.rest
	}
	return s
}

func (c catalog) field(s *schema, f reflect.StructField) {
	if f.Type == reflect.TypeFor[discovery.Configs]() {
		s.keys = append(s.keys, discoveryKeys()...)
		return
	}
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	switch {
	case name == "" || name == "-":
		// A field without a name is for the code and its tests, not for users.
	case strings.HasSuffix(name, "_ref"):
		// These refer to a secret manager, and this program has none.
	default:
		s.keys = append(s.keys, schemaKey{name: name, typ: f.Type})
	}
}

// discoveryKeys returns one key for each mechanism that this program was built with. The
// registry shows them only through the struct that it makes for encoding.
func discoveryKeys() []schemaKey {
	v, err := discovery.Configs{}.MarshalYAML()
	if err != nil {
		panic("config: no discovery mechanisms: " + err.Error())
	}
	t := deref(reflect.TypeOf(v))
	keys := make([]schemaKey, t.NumField())
	for i := range keys {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		keys[i] = schemaKey{name: name, typ: t.Field(i).Type, discovery: true}
	}
	return keys
}
