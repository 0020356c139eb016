"""The commands of `gwt-ib-tui`."""
