"""The dashboard and the list of runs as applications."""
