"""Tasks to tune presets on: POPGym's own classes at sizes that POPGym does not register, so that no reported task is used.

Ids: `tuning_tasks:CountSuits-v0` and so on.
"""

from __future__ import annotations

import gymnasium as gym
from popgym.envs.battleship import Battleship
from popgym.envs.count_recall import CountRecall
from popgym.envs.labyrinth_explore import LabyrinthExplore
from popgym.envs.position_only_pendulum import PositionOnlyPendulum
from popgym.envs.repeat_first import RepeatFirst
from popgym.envs.repeat_previous import RepeatPrevious

TASKS = {
    "CountSuits-v0": (CountRecall, {"num_decks": 1, "deck_type": "suits"}),  # four counters up to 13, 51 steps
    "CountColors2-v0": (CountRecall, {"num_decks": 2, "deck_type": "colors"}),  # two counters up to 52, 103 steps
    "Repeat8-v0": (RepeatPrevious, {"num_decks": 1, "k": 8}),
    "Repeat16-v0": (RepeatPrevious, {"num_decks": 2, "k": 16}),
    "Repeat24-v0": (RepeatPrevious, {"num_decks": 2, "k": 24}),
    "First3-v0": (RepeatFirst, {"num_decks": 3}),
    "Battleship6-v0": (Battleship, {"board_size": 6, "ship_sizes": [2, 2, 3]}),
    "Pendulum125-v0": (PositionOnlyPendulum, {"max_episode_length": 125}),
    "Labyrinth8-v0": (LabyrinthExplore, {"maze_dims": (8, 8), "episode_length": 512}),
}

for name, (kind, arguments) in TASKS.items():
    if name not in gym.registry:
        gym.register(name, entry_point=kind, kwargs=arguments)
