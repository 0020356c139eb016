"""`python -m gwt_ib_tui` is the command `gwt-ib-tui`."""

from gwt_ib_tui.cli import main

if __name__ == "__main__":
    main()
