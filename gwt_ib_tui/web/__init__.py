"""The dashboard in a browser: a small server on the loopback address, and the read-only dashboard that each page shows."""
