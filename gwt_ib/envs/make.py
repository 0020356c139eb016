"""provisional"""
from dataclasses import dataclass
import gymnasium, popgym, warnings
from gwt_ib.envs.spaces import ObservationEncoder
from gwt_ib.envs.actions import ActionCodec
def popgym_ids(): return sorted(i for i in gymnasium.registry if i.startswith("popgym-"))
def make_env(env_id, *, prev_action=False):
    return gymnasium.make(env_id, disable_env_checker=True)
@dataclass(frozen=True)
class EnvironmentFacts:
    observation_size: int
    actions: ActionCodec
def check_environment(env_id, prev_action):
    e=make_env(env_id)
    return EnvironmentFacts(ObservationEncoder(e.observation_space).size, ActionCodec(e.action_space))
