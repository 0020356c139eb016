"""A recorded run, played again."""
