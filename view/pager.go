package view

// A pager says which part of a list is shown, and leads to the others.
type pager struct {
	From, To, Of string // counted from 1
	Page, Pages  string
	// Addresses, empty where there is no such page.
	First, Previous, Next, Last string
	// Several is set when there is more than one page.
	Several bool
}

// newPager returns the pager of page number n, as far as there is one, and the bounds
// of its part of the list.
func newPager(total, size, n int, link func(page int) string) (p pager, from, to int) {
	pages := max((total+size-1)/size, 1)
	n = min(max(n, 1), pages)
	from = (n - 1) * size
	to = min(from+size, total)
	p = pager{
		From: number(min(from+1, to)), To: number(to), Of: number(total),
		Page: number(n), Pages: number(pages),
		Several: pages > 1,
	}
	if n > 1 {
		p.First, p.Previous = link(1), link(n-1)
	}
	if n < pages {
		p.Next, p.Last = link(n+1), link(pages)
	}
	return p, from, to
}
