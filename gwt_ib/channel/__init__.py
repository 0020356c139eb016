"""The seam between actors and learner, and its two kinds: serial in one process, shared memory between several."""
