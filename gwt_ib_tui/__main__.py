"""`python -m gwt_ib_tui` is the command `gwt-ib-tui`."""

from __future__ import annotations


def main() -> None:
    """Entry of both: Ctrl-C while it comes up is quiet, too."""
    try:
        from gwt_ib_tui.cli import main as run

        run()
    except KeyboardInterrupt:  # before the command line has its own way to end, or after it
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
