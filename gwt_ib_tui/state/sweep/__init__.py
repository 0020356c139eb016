"""Of a sweep: its runs as they stand, read in a thread."""
