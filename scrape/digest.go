package scrape

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"maps"
	"net/url"
	"reflect"
	"slices"

	commonconfig "github.com/prometheus/common/config"
)

// A configDigest tells HTTP configurations apart, their secrets included.
type configDigest [sha256.Size]byte

// digestOf returns the digest of c. Marshalling c would not do, because that makes
// all secrets alike, and comparing two values neither, because a proxy
// configuration in use keeps a function in itself.
func digestOf(c *commonconfig.HTTPClientConfig) configDigest {
	h := sha256.New()
	digestValue(h, reflect.ValueOf(c))
	return configDigest(h.Sum(nil))
}

func digestValue(h hash.Hash, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			fmt.Fprint(h, "nil,")
			return
		}
		if u, ok := v.Interface().(*url.URL); ok {
			fmt.Fprintf(h, "%q,", u.String())
			return
		}
		digestValue(h, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				digestValue(h, v.Field(i))
			}
		}
	case reflect.Map:
		byName := map[string]reflect.Value{}
		for _, key := range v.MapKeys() {
			byName[fmt.Sprintf("%#v", key.Interface())] = v.MapIndex(key)
		}
		fmt.Fprintf(h, "%d:", len(byName))
		for _, name := range slices.Sorted(maps.Keys(byName)) {
			fmt.Fprintf(h, "%q=", name)
			digestValue(h, byName[name])
		}
	case reflect.Slice:
		fmt.Fprintf(h, "%d:", v.Len())
		for i := range v.Len() {
			digestValue(h, v.Index(i))
		}
	default:
		fmt.Fprintf(h, "%#v,", v.Interface())
	}
}
