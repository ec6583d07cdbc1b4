package periskop

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// zoneHours are the names of zones that no two zones have. Not among them are CST (the
// middle of America, and China), IST (India, Ireland, Israel) and the like.
var zoneHours = map[string]float64{
	"z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "met": 1, "mest": 2,
	"eet": 2, "eest": 3, "sast": 2, "msk": 3, "jst": 9, "kst": 9, "acst": 9.5, "acdt": 10.5, "aest": 10, "aedt": 11,
	"awst": 8, "nzst": 12, "nzdt": 13, "est": -5, "edt": -4, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
	"akst": -9, "akdt": -8, "hst": -10, "brt": -3, "art": -3,
}

// locationForm is the name of a zone in the database of time zones: Europe/Berlin.
var locationForm = regexp.MustCompile(`^[A-Z][A-Za-z]+(?:/[A-Z][A-Za-z_-]+){1,2}$`)

// zone reads what stands behind a time of day. An offset decides, whatever follows it;
// of names the first that is known; nothing at all means UTC.
func (ts *times) zone(text string) (*time.Location, error) {
	if m := offsetForm.FindStringSubmatch(text); m != nil {
		hours, _ := strconv.Atoi(m[2])
		minutes, _ := strconv.Atoi(m[3])
		seconds, _ := strconv.Atoi(m[4])
		offset := hours*3600 + minutes*60 + seconds
		if hours > 18 || minutes > 59 || seconds > 59 { // no place on Earth is as far off
			return nil, errNoZone
		}
		if m[1] == "-" {
			offset = -offset
		}
		return time.FixedZone("", offset), nil
	}
	names := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" [],;", r) })
	for _, name := range names {
		if hours, ok := zoneHours[strings.ToLower(name)]; ok {
			return time.FixedZone("", int(hours*3600)), nil
		}
		if zone := ts.location(name); zone != nil {
			return zone, nil
		}
	}
	if len(names) > 0 {
		return nil, errNoZone
	}
	return time.UTC, nil
}

// maxLocations bounds what is looked for in the database, which means to read a file.
const maxLocations = 1000

// location returns the zone of that name in the database of time zones, or nil.
func (ts *times) location(name string) *time.Location {
	if !locationForm.MatchString(name) {
		return nil
	}
	zone, known := ts.locations[name]
	if known || len(ts.locations) >= maxLocations {
		return zone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		zone = nil
	}
	if ts.locations == nil {
		ts.locations = map[string]*time.Location{}
	}
	ts.locations[name] = zone
	return zone
}
