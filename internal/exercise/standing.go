// SPDX-License-Identifier: MIT

package exercise

// Standing is where a learner stands with an exercise, by the log.
type Standing struct {
	Began  bool   // started or predicted since the last reset
	Hints  int    // that were given; a reset does not take them back
	Checks int    // that came to an end
	Sealed *Entry // the prediction that holds since the last reset; nil where there is none
	Open   bool   // nothing of the sealed prediction was measured: it may be sealed anew
	// Graded is the prediction that held when the first measurement began: what is graded,
	// whatever was sealed afterwards. nil as long as nothing was measured.
	Graded *Entry
	// Mark is what counts: of a prediction the first decided mark of what is graded,
	// else the decided mark with the most points; without one the last.
	Mark *Mark
}

// Stand reads a learner's standing with an exercise from the log.
func (l Logged) Stand(exercise string, who Learner) Standing {
	var s Standing
	for i := range l.Entries {
		if e := &l.Entries[i]; e.Exercise == exercise && e.Learner == who {
			s.take(e)
		}
	}
	return s
}

func (s *Standing) take(e *Entry) {
	switch e.Act {
	case Started:
		s.Began = true
	case Predicted:
		s.Began, s.Sealed, s.Open = true, e, true
	case Hinted:
		s.Hints++
	case Measuring:
		s.Open = false
		if s.Graded == nil {
			s.Graded = s.Sealed
		}
	case Checked:
		s.Checks++
		s.mark(e)
	case Reset:
		s.Began, s.Sealed, s.Open = false, nil, false
	}
}

func (s *Standing) mark(e *Entry) {
	if e.Mark == nil {
		return
	}
	decided := s.Mark != nil && s.Mark.Decided
	switch {
	case !decided && (s.Graded == nil || !e.Mark.Decided || e.Given == s.Graded.Given):
		s.Mark = e.Mark
	case decided && s.Graded == nil && e.Mark.Decided && e.Mark.Points > s.Mark.Points:
		s.Mark = e.Mark
	}
}

// Word for a standing: what a list says of it.
func (s Standing) Word() string {
	switch {
	case s.Mark != nil && s.Mark.Decided && s.Mark.Solved:
		return "solved"
	case s.Mark != nil && s.Mark.Decided:
		return "not solved"
	case s.Mark != nil:
		return "not decided"
	case s.Sealed != nil:
		return "predicted"
	case s.Began:
		return "started"
	}
	return "not begun"
}
