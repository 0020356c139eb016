"""The run directory: the one contract between training and everything that looks at it (DESIGN section 4)."""
