"""B environments in lockstep (provisional)."""
import numpy as np
from gwt_ib.envs.make import make_env
from gwt_ib.envs.spaces import ObservationEncoder
from gwt_ib.envs.actions import ActionCodec
from gwt_ib.seeding import derived_seed
class EnvBatch:
    def __init__(self, env_id, *, prev_action, seed, stream, env_numbers, first_episodes):
        self._envs=[make_env(env_id, prev_action=prev_action) for _ in env_numbers]
        self._numbers=list(env_numbers); self._first=list(first_episodes); self._seed=seed; self._stream=stream
        self._enc=ObservationEncoder(self._envs[0].observation_space); self.observation_size=self._enc.size
        self.actions=ActionCodec(self._envs[0].action_space)
        self.episodes=np.array(self._first, np.int64); self.size=len(self._envs)
    def _reset(self,b,row):
        obs,_=self._envs[b].reset(seed=derived_seed(self._seed,self._stream,self._numbers[b],int(self.episodes[b])))
        self._enc.encode(obs,row)
    def reset(self, observations):
        self.episodes[:]=self._first
        for b in range(self.size): self._reset(b,observations[b])
    def step(self, actions, *, observations, next_observations, rewards, terminated, truncated):
        for b,env in enumerate(self._envs):
            obs,r,te,tr,_=env.step(self.actions.to_env(actions[b]))
            self._enc.encode(obs,next_observations[b]); rewards[b]=r; terminated[b]=te; truncated[b]=tr
            if te or tr:
                self.episodes[b]+=1; self._reset(b,observations[b])
            else: observations[b]=next_observations[b]
    def close(self):
        for e in self._envs: e.close()
