"""The command line and the live dashboard of GWT-IB."""
