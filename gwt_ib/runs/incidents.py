"""temporary"""

from gwt_ib.clock import utc_now
from gwt_ib.durable import write_json


def record_incident(run, config, error, actor=None):
    path = run.incidents / f"actor-{actor}-{error.env_number}-{error.episode}.json"
    try:
        write_json(path, {"time": utc_now(), "env_id": error.env_id, "seed": error.seed, "actions": error.actions})
    except (OSError, ValueError):
        return None
    return path
