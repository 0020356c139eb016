"""What the dashboard draws, and what of it is in sight: numbers and a size in, lines of text out; no widgets."""
