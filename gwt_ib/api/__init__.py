"""The Python interface: a run trained from a script, a policy that acts, and runs read as data."""
