"""The process between a run and a Ray cluster: for the learner it is the actors, for the cluster it is the run."""
