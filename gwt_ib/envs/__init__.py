"""Environments: an id becomes an environment, any Gymnasium space one flat float32 row, an action row an action.

Nothing here imports torch. `batch` is what an actor steps; what it writes is all that the agent ever sees of an
environment, and `info` is not among it.
"""
