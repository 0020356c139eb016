"""Examples in the help of each command, the same for manual and site; a test reads each as the command line does."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "launch": (
        "launch popgym-RepeatPreviousEasy-v0 --set lr=1e-3 --seed 1",
        "launch --preset popgym --seeds 1-4 --detach",
        "launch mypackage:MyEnv-v0 --config mine.toml --run-dir runs/first",
    ),
    "resume": (
        "resume latest --total-timesteps 2000000",
        "resume latest --from 204800 --set lr=1e-4 --headless",
        "resume latest --from best --branch --set seed=7 --set ent_coef=0.02",
    ),
    "attach": ("attach", "attach latest --read-only", "attach runs/first"),
    "replay": ("replay", "replay latest", "replay runs/first"),
    "serve": ("serve", "serve latest --port 8080", "serve runs/first"),
    "pause": ("pause latest", "pause runs/first", "unpause latest"),
    "unpause": ("unpause latest", "unpause runs/first", "pause latest"),
    "snapshot": ("snapshot latest", "snapshot runs/first", "resume latest --from 204800"),
    "stop": ("stop latest", "stop runs/first", "stop sweeps/study"),
    "set": ("set latest lr=1e-4", "set latest lambda_c=0.1", "set runs/first ent_coef=0.005"),
    "status": ("status latest", "status latest --json", "status runs/first"),
    "check": ("check latest", "check latest --json", "check latest --require-gatecheck both"),
    "picture": (
        "picture latest live.svg",
        "picture latest gate.svg --screen gate",
        "picture sweeps/study sweep.svg --columns 100 --rows 30",
    ),
    "watch": ("watch latest", "watch latest --episode 3 --gate shut", "watch latest --json"),
    "evaluate": (
        "evaluate latest --now",
        "evaluate latest --snapshot best --episodes 100",
        "evaluate latest --gate all --steps",
    ),
    "verify": ("verify latest", "verify latest --json", "verify runs/first"),
    "runs": ("runs", "runs --list --sort eval --filter '#paper lr=0.001'", "runs --csv --sort -age"),
    "label": (
        "label latest --name wide-gate --note 'lambda_c as in the paper'",
        "label wide-gate runs/second --tag paper --untag draft",
        "label wide-gate",
    ),
    "delete": ("delete runs/first", "delete runs/first runs/second", "delete runs/first --yes"),
    "compare": (
        "compare 'popgym-RepeatPrevious*'",
        "compare runs/first runs/second --list",
        "compare 'popgym-*' --baseline gate=open --csv",
    ),
    "sweep": ("sweep study.toml --dry-run", "sweep study.toml --headless", "sweep study.toml --retry-failed"),
    "results": ("results sweeps/study", "results sweeps/study --markdown", "results sweeps/study --csv"),
    "plot": (
        "plot sweeps/study --metric ep100,mean_c --style print --out fig.pdf",
        "plot latest --kind gate --at 0.1M,0.5M,end --out gate.svg",
        "plot sweeps/study --kind bars --metric evaluation --out bars.png",
    ),
    "export": (
        "export latest --to tensorboard --out tb --follow",
        "export runs/first runs/second --to parquet --out both.parquet",
        "export latest --to wandb --out . --names sb3",
    ),
    "incident": (
        "incident runs/first/incidents/FILE.json",
        "incident runs/first/incidents/FILE.json --json",
        "incident runs/first/incidents/FILE.json --trust",
    ),
    "bench": ("bench", "bench --set num_envs=64", "bench --updates 30 --json"),
    "envs": ("envs", "envs --json", "launch popgym-AutoencodeEasy-v0"),
    "config": ("config", "config --preset popgym", "config --config mine.toml --set lr=1e-3 --json"),
    "metrics": ("metrics", "check latest", "status latest --json"),
    "keys": ("keys", "attach", "attach latest --read-only"),
}
"""By command: three lines, without the program's name."""


def example_lines(command: str) -> str:
    """The examples of a command as the end of its help, which keeps its lines; empty where there are none."""
    lines = [f"  gwt-ib-tui {line}" for line in EXAMPLES.get(command, ())]
    return "\n".join(["\b", "Examples:", *lines]) if lines else ""
