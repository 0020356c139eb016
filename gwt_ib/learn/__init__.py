"""Returns, losses and the learner: what happens to a rollout."""
