package merge

import (
	"maps"
	"slices"
)

// Services returns the names of all services that something is known of.
func (s *State) Services() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.services))
}
