"""The Python interface: a run trained from a script, a policy that acts, and runs read as data."""

from gwt_ib.api.loading import load
from gwt_ib.api.policy import Policy, PolicyState
from gwt_ib.api.run import Metrics, Run, Verdicts
from gwt_ib.api.training import RunFailed, train

__all__ = ["Metrics", "Policy", "PolicyState", "Run", "RunFailed", "Verdicts", "load", "train"]
