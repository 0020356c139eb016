"""One run as a dashboard knows it: its directory read, requests to it, news of it."""
