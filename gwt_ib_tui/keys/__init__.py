"""The one table of everything that can be done with a key, and the user's own keys."""
