package periskop

import "bytes"

// A member is a name to which the format gives a meaning, whatever its spelling.
type member uint8

const (
	unknownMember member = iota
	targetUUID
	aggregatedErrors
	aggregationKey
	totalCount
	historyCount
	firstSeen
	severity
	createdAt
	latestErrors
	uuid
	timestamp
	instance
	occurrenceLabels
	exception
	httpContext
	class
	message
	stacktrace
	cause
	requestMethod
	requestURL
	requestHeaders
	requestBody
	processes
	exceptionID
)

// memberOf returns the member that a name in quotes stands for, and whether it is spelled
// as the format has it. periskop-scala 0.2.0 wrote createdAt, and encoders that are
// pointed at classes of their own language write what those call their fields.
func memberOf(quoted []byte) (m member, exact bool) {
	switch string(quoted) { // no allocation, for the names that nearly all are
	case `"target_uuid"`:
		return targetUUID, true
	case `"aggregated_errors"`:
		return aggregatedErrors, true
	case `"aggregation_key"`:
		return aggregationKey, true
	case `"total_count"`:
		return totalCount, true
	case `"history_count"`:
		return historyCount, true
	case `"first_seen"`:
		return firstSeen, true
	case `"severity"`:
		return severity, true
	case `"created_at"`:
		return createdAt, true
	case `"latest_errors"`:
		return latestErrors, true
	case `"uuid"`:
		return uuid, true
	case `"timestamp"`:
		return timestamp, true
	case `"instance"`:
		return instance, true
	case `"labels"`:
		return occurrenceLabels, true
	case `"error"`:
		return exception, true
	case `"http_context"`:
		return httpContext, true
	case `"class"`:
		return class, true
	case `"message"`:
		return message, true
	case `"stacktrace"`:
		return stacktrace, true
	case `"cause"`:
		return cause, true
	case `"request_method"`:
		return requestMethod, true
	case `"request_url"`:
		return requestURL, true
	case `"request_headers"`:
		return requestHeaders, true
	case `"request_body"`:
		return requestBody, true
	case `"processes"`:
		return processes, true
	case `"exception_id"`:
		return exceptionID, true
	}
	var plain [maxPlainName]byte
	return spellings[string(plainName(plain[:0], quoted))], false
}

// spellings are the names as plainName returns them: those of the format, and other words
// for the same thing that error objects have in other languages.
var spellings = map[string]member{
	"targetuuid": targetUUID, "aggregatederrors": aggregatedErrors,
	"aggregationkey": aggregationKey, "totalcount": totalCount, "historycount": historyCount,
	"firstseen": firstSeen, "severity": severity, "createdat": createdAt, "latesterrors": latestErrors,
	"uuid": uuid, "timestamp": timestamp, "instance": instance, "labels": occurrenceLabels, "error": exception, "httpcontext": httpContext,
	"class": class, "cls": class, "type": class, "name": class, "classname": class,
	"message": message, "msg": message,
	"stacktrace": stacktrace, "stack": stacktrace, "backtrace": stacktrace, "traceback": stacktrace,
	"cause": cause, "causedby": cause, "innerexception": cause, "previous": cause,
	"requestmethod": requestMethod, "method": requestMethod,
	"requesturl": requestURL, "url": requestURL, "requesturi": requestURL, "uri": requestURL,
	"requestheaders": requestHeaders, "headers": requestHeaders,
	"requestbody": requestBody, "body": requestBody,
}

// maxPlainName is more than any name has that means something.
const maxPlainName = 32

// plainName appends a name in quotes in lower case and without what separates words:
// created_at, createdAt, CreatedAt and created-at are one. What is longer than there is
// room for means nothing, and leaves it empty.
func plainName(plain, quoted []byte) []byte {
	name := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(name, '\\') >= 0 && len(name) <= 6*maxPlainName { // \u0063 is one character
		name = []byte(text(quoted))
	}
	for _, c := range name {
		switch {
		case c == '_' || c == '-' || c == ' ' || c == '.':
			continue
		case len(plain) == cap(plain):
			return nil
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		plain = append(plain, c)
	}
	return plain
}

// A memberSet tells which members of an object count that has the same one under several
// names: that which the format has comes before all others, except when it is null.
type memberSet struct{ exact, other uint32 }

// takes notes a member, and reports whether its value replaces what was read before.
func (s *memberSet) takes(m member, exact, null bool) bool {
	bit := uint32(1) << m
	switch {
	case m == unknownMember, !exact && s.exact&bit != 0, null && s.other&bit != 0:
		return false
	case !exact:
		s.other |= bit
	case !null:
		s.exact |= bit
	}
	return true
}

// eachKnown calls f for the members of the object that count. f must read exactly the
// member's value.
func (r *reader) eachKnown(f func(m member) error) error {
	var seen memberSet
	return r.eachMember(func(name []byte) error {
		m, exact := memberOf(name)
		if !seen.takes(m, exact, r.kind() == 'n') {
			return r.skip()
		}
		return f(m)
	})
}
