"""The training loop of a run, and what it records; knows no processes."""
