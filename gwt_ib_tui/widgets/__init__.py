"""The widgets of the dashboard; a panel shows a `RunView` and knows nothing else."""
