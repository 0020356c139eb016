"""The channel between actors and learner, and the processes that use it."""
