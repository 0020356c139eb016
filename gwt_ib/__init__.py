"""GWT-IB: a recurrent agent whose memory is written through a gate driven by its TD error.

Data flows one way: `envs` -> `rollout` -> `train` (the channel) -> `learn` -> `runs` -> the dashboard (`gwt_ib_tui`).
`docs/architecture.md` draws the picture. Importing this package imports nothing heavy.
"""

__version__ = "0.1.0"
