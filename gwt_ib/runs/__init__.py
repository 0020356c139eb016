"""The run directory: the one contract between training and everything that looks at it: docs/architecture.md."""
