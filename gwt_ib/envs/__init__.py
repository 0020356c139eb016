"""Environments: an id becomes an environment, any Gymnasium space one flat float32 row, an action row an action.

Nothing here imports torch. `env_batch` is what an actor steps; the agent sees what it writes and nothing else of an
environment, so never `info`.
"""
