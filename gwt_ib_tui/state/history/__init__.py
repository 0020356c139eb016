"""The history of a run's metrics and gate curves, in bounded memory."""
