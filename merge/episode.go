package merge

import (
	"slices"
	"time"
)

// An Episode is what somebody is to be told about: an exception that is new, or that came
// back after it was resolved. It goes on until the exception has not grown for
// [Settings.EpisodeQuiet], or is resolved or muted.
type Episode struct {
	// Began is when the exception was first counted, or counted again; zero when there
	// was no episode: history, and what is older than episodes are.
	Began time.Time
	// Over is set when the exception grew again after the episode had ended. That it
	// has ended is seen from [Exception.Grown] before.
	Over bool
	// Crowded is set when the service had begun [Settings.EpisodeLimit] others within
	// the hour before: it is told of together with others like it.
	Crowded bool
	// Unmuted is set when it began as a mute ended.
	Unmuted bool
}

// crowdWindow is the time within which episodes are counted. An hour is well above what
// a deploy takes to bring out all that is wrong with it.
const crowdWindow = time.Hour

// Active reports whether the exception is in an episode at that time. It is the time of
// the state's clock, and quiet is [Settings.EpisodeQuiet].
func (e *Exception) Active(now time.Time, quiet time.Duration) bool {
	return !e.Episode.Began.IsZero() && !e.Episode.Over && e.Open() && now.Sub(e.Grown) < quiet
}

// updateEpisode begins or ends the episode of an exception that is reported, before it grows by
// the increment, with which it comes back or not. As in the alerting rules, an exception is new when it is counted for
// the first time, and was not there before the watch on its service began; a target
// that says later that it was takes the episode back.
func (s *service) updateEpisode(e *exception, increment uint64, back bool, now time.Time, o *Settings) {
	isHistory := e.history > 0 || !e.firstSeen.After(s.watchedSince)
	isNew := !isHistory && e.episode.Began.IsZero() && !slices.ContainsFunc(e.counts, func(c *count) bool { return c.counted > 0 })
	switch {
	case e.key == OverflowKey: // of many classes
	case increment == 0, !isNew && !back:
		if isHistory && e.regressions == 0 {
			e.episode = Episode{}
		}
		if increment > 0 && !e.episode.Began.IsZero() && now.Sub(e.grown) >= o.EpisodeQuiet {
			e.episode.Over = true
		}
	default:
		e.episode = s.newEpisode(now, o.EpisodeLimit)
	}
}

func (s *service) newEpisode(now time.Time, limit int) Episode {
	s.alerted = slices.DeleteFunc(s.alerted, func(at time.Time) bool { return now.Sub(at) >= crowdWindow })
	if len(s.alerted) >= limit {
		return Episode{Began: now, Crowded: true}
	}
	s.alerted = append(s.alerted, now)
	return Episode{Began: now}
}

// restoreEpisode takes in an episode that was saved.
func (s *service) restoreEpisode(e *exception, saved Episode) {
	e.episode = saved
	if !saved.Began.IsZero() && !saved.Crowded {
		s.alerted = append(s.alerted, saved.Began)
	}
}
