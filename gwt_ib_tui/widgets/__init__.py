"""The panels of the dashboard, one a file; each shows a snapshot and knows nothing else."""
