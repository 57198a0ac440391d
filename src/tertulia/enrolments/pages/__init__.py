"""HTML pages of enrolments."""
