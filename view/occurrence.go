package view

import (
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/frames"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// An occurrence is one exception as it was raised.
type occurrence struct {
	Ordinal   string
	Several   bool // there are others
	UUID      block
	Seen      moment
	Instance  block
	Labels    []labelRow
	Severity  severity // empty when it is that of all
	Permalink string
	JSONURL   string
	// Where is the topmost frame of the application.
	Where block
	// Addresses; empty where there is no such occurrence.
	Newest, Newer, Older string

	Error  chainLink
	Causes *causes // nil when there are none
	HTTP   *httpContext
	// OwnAndLibrary is set when both kinds of frames occur in it.
	OwnAndLibrary bool
}

// A chainLink is an exception, or one of its causes.
type chainLink struct {
	Class   block
	Message block
	// Summary is the beginning of the message, for when the rest is folded.
	Summary text
	Stack   stack
	Root    bool // the last of several
	Open    bool
}

// causes are a chain. It is shown as a list and not as boxes within boxes: it can be
// of any length, and what is wanted most is its end.
type causes struct {
	Count      string
	Head, Tail []chainLink
	Left       string // what is left out between the two
}

type httpContext struct {
	Method  block
	URL     block
	Headers []header
	Left    string // of the headers
	Body    block
	HasBody bool
	// Curl is a command that repeats the request, "" when there is none or CurlURL has
	// it because it is long.
	Curl    string
	CurlURL string // empty: there is no such command
}

type header struct{ Name, Value block }

func newOccurrence(e *merge.Exception, at int, now time.Time, limit *budget, to links) *occurrence {
	o := &e.Occurrences()[at]
	out := &occurrence{
		Ordinal:   ordinal(at, e.Kept.Len()),
		Several:   e.Kept.Len() > 1,
		UUID:      limit.line(o.UUID),
		Seen:      newMoment(now, o.Timestamp),
		Instance:  limit.line(o.Instance),
		Labels:    newLabelRows(o.Labels, limit),
		Permalink: to.trace(e.ID, o.UUID),
		JSONURL:   to.json(e.ID, o.UUID),
		Where:     whereOf(&o.Error, limit),
	}
	if all := severitiesOf(e); len(all) != 1 || all[0] != o.Severity {
		out.Severity = newSeverity(o.Severity)
	}
	if at > 0 {
		out.Newest = to.trace(e.ID, "")
		out.Newer = to.trace(e.ID, e.Occurrences()[at-1].UUID)
	}
	if at+1 < e.Kept.Len() {
		out.Older = to.trace(e.ID, e.Occurrences()[at+1].UUID)
	}
	out.Error = newChainLink(&o.Error, limit)
	if o.Error.Class == e.Class {
		out.Error.Class = block{} // it is the heading of the page
	}
	// The context is small and must not be crowded out by the causes.
	if out.HTTP = newHTTPContext(o.HTTPContext, limit); out.HTTP != nil {
		out.HTTP.setCurl(o.HTTPContext, to.curl(e.ID, o.UUID), limit)
	}
	out.Causes = newCauses(o.Error.Cause, limit)
	out.OwnAndLibrary = limit.mixed
	return out
}

// whereOf returns the topmost frame of the application in an exception and its causes: it
// may be far down in a stack trace, or at its end.
func whereOf(e *periskop.Exception, limit *budget) block {
	var stacks [][]string
	for ; e != nil && len(stacks) < maxStacks; e = e.Cause {
		stacks = append(stacks, e.Stacktrace)
	}
	list := frames.TopmostOf(stacks, limit.own, 1)
	if len(list) == 0 {
		return block{}
	}
	return limit.line(list[0])
}

// maxStacks is how many causes are looked at for frames of the application.
const maxStacks = 20

func newChainLink(e *periskop.Exception, limit *budget) chainLink {
	const summaryLength = 160
	return chainLink{
		Class:   limit.line(e.Class),
		Message: limit.block(e.Message, lines, blockBudget),
		Summary: snippet(e.Message, summaryLength),
		Stack:   limit.stack(e.Stacktrace),
	}
}

// newCauses returns the causes with the first and the root open: those in between
// mostly wrap the one and are wrapped by the other.
func newCauses(first *periskop.Exception, limit *budget) *causes {
	var chain []*periskop.Exception
	for e := first; e != nil; e = e.Cause {
		chain = append(chain, e)
	}
	if len(chain) == 0 {
		return nil
	}
	c := &causes{Count: plural(len(chain), "cause")}
	// The root is mapped first, so that the budget allows it.
	tail := len(chain) - 1
	if left := len(chain) - headCauses - tailCauses; left > 0 {
		c.Left = plural(left, "cause")
		tail = len(chain) - tailCauses
	}
	for i := len(chain) - 1; i >= tail; i-- {
		c.Tail = append([]chainLink{newCause(chain, i, limit)}, c.Tail...)
	}
	for i := range min(tail, headCauses) {
		c.Head = append(c.Head, newCause(chain, i, limit))
	}
	return c
}

func newCause(chain []*periskop.Exception, i int, limit *budget) chainLink {
	l := newChainLink(chain[i], limit)
	l.Root = i == len(chain)-1 && len(chain) > 1
	l.Open = i == 0 || i == len(chain)-1
	return l
}

func newHTTPContext(c *periskop.HTTPContext, limit *budget) *httpContext {
	if c == nil {
		return nil
	}
	out := &httpContext{
		Method:  limit.line(c.Method),
		URL:     limit.block(c.URL, oneLine, blockBudget),
		Body:    limit.block(c.Body, lines, blockBudget),
		HasBody: c.Body != "",
	}
	headers := c.Headers
	if len(headers) > maxRows {
		out.Left = plural(len(headers)-maxRows, "header")
		headers = headers[:maxRows]
	}
	for _, h := range headers {
		out.Headers = append(out.Headers, header{limit.line(h.Name), limit.block(h.Value, oneLine, blockBudget)})
	}
	return out
}

// setCurl shows the command if the budget allows it: it is of no use unless it is whole.
func (c *httpContext) setCurl(context *periskop.HTTPContext, address string, limit *budget) {
	if len(context.Body)+len(context.URL) > blockBudget {
		if curlURL(context) != "" {
			c.CurlURL = address
		}
		return
	}
	command := curlCommand(context)
	if command == "" {
		return
	}
	c.CurlURL = address
	if _, cost, rest := visible(command, oneLine, min(blockBudget, limit.left)); rest == 0 {
		limit.left -= cost
		c.Curl = command
	}
}
