"""What happened in a run and what its processes logged."""
