"""What the runs of a sweep have come to: scores, intervals, and the published scores beside them."""
