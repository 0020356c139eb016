"""The processes of a run: the trainer, which supervises, the learner and the actors."""
