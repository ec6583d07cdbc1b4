package view

import "time"

// PeersStatus is how the exchange with other replicas goes.
type PeersStatus struct {
	// Replica is what this one is called.
	Replica string
	Peers   []PeerStatus
	// Left is how many more addresses were found than are asked.
	Left int
}

// PeerStatus is how the exchange with one address goes.
type PeerStatus struct {
	Address string
	// Replica is what who answered last is called, and Self is set when that was this exporter.
	Replica string
	Self    bool
	// At is when it was read last; zero for never.
	At time.Time
	// Err is what is wrong now; nil for nothing.
	Err error
}

type peersSection struct {
	Replica block
	Rows    []peerRow
	Left    string
}

type peerRow struct {
	Address block
	Tone    tone
	State   string
	Read    moment
	Err     *block
}

// newPeersSection returns what the page says of peers, nil when there are to be none.
func newPeersSection(s *PeersStatus, now time.Time) *peersSection {
	if s == nil {
		return nil
	}
	limit := budget{left: blockBudget}
	out := &peersSection{Replica: limit.line(s.Replica)}
	if s.Left > 0 {
		out.Left = number(s.Left)
	}
	for i := range s.Peers {
		out.Rows = append(out.Rows, newPeerRow(&s.Peers[i], &limit, now))
	}
	return out
}

func newPeerRow(p *PeerStatus, limit *budget, now time.Time) peerRow {
	row := peerRow{Address: limit.line(p.Address), Read: newMoment(now, p.At)}
	switch {
	case p.Err != nil:
		reason := limit.line(p.Err.Error())
		row.Tone, row.State, row.Err = toneBad, "not read", &reason
	case p.At.IsZero():
		row.Tone, row.State = toneWait, "not read yet"
	case p.Self:
		row.Tone, row.State = toneGood, "this exporter itself"
	default:
		row.Tone, row.State = toneGood, "read: it is "+p.Replica
	}
	return row
}
