package periskop

// maxRelayedLabels is how many labels of an occurrence are read: more than anybody keeps.
const maxRelayedLabels = 32

// wireLabels are labels as an object, whose members stand in the order of their names.
type wireLabels map[string]string

func (ls Labels) wire() wireLabels {
	if len(ls) == 0 {
		return nil
	}
	out := make(wireLabels, len(ls))
	for _, l := range ls {
		out[l.Name] = l.Value
	}
	return out
}

// decodeLabels reads an object of texts. What is none of that is left out: a client that has
// something else under that name loses nothing by it.
func decodeLabels(raw []byte, limit int) Labels {
	if len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	found := map[string]string{}
	d := newReader(raw)
	// No error is possible: raw was read once as part of a report.
	_ = d.eachMember(func(quoted []byte) error {
		v, err := d.value()
		if err == nil && len(v) > 0 && v[0] == '"' && len(found) < maxRelayedLabels {
			found[textUpTo(quoted, limit)] = textUpTo(v, limit)
		}
		return err
	})
	if len(found) == 0 {
		return nil
	}
	return NewLabels(found)
}
