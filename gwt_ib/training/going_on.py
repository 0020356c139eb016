"""Going on from the newest good snapshot that fits: what is restored, and what of the records is cut back."""

from __future__ import annotations

from collections.abc import Callable

from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.log import LOGGER
from gwt_ib.runs.cut_back import cut_back
from gwt_ib.runs.snapshot_fit import fit_problem
from gwt_ib.runs.snapshot_store import newest_good_snapshot, set_aside_newer
from gwt_ib.training.loop import Training


def go_on(training: Training, spec: EnvironmentSpec, wait: Callable[[], bool] = lambda: False) -> bool:
    """Restore a run, then cut its records back to that moment; whether the environments can go on where they stopped.

    Nothing on the disk is changed before the snapshot has been found to fit. What the disk refuses is tried again for as
    long as `wait`, which takes a while, is true. Raises `UserError`: 65 where no snapshot fits, 74 where `wait` gave up.
    """
    run, config = training.run_directory, training.config
    folders = run.snapshot_folders(config.rescue_dir)
    path, snapshot, refused = newest_good_snapshot(folders, lambda found: fit_problem(found, config, spec))
    try:
        knows_environments = training.restore(snapshot)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} does not fit this run: {error}.", ExitCode.BAD_DATA) from None
    while True:
        try:
            for folder in folders:
                set_aside_newer(folder, snapshot.state["env_steps"])
            cut = cut_back(run.metrics, training.update, run.metrics_aside)
            break
        except OSError as error:  # the disk is full, or gone for a while: another learner would fare no better
            reason = f"{run.path} cannot be gone on with. {error.strerror or error}: {error.filename or run.path}."
            training.recorder.report_trouble(training.update, reason)
            if not wait():
                raise UserError(reason, ExitCode.INPUT_OUTPUT) from None
    training.recorder.restore(snapshot.state["gatecheck"])
    for sentence in refused:
        training.recorder.warn(training.update, f"passed over a bad snapshot: {sentence}")
    for first, last in cut.holes:
        which = f"update {first} is" if first == last else f"updates {first} to {last} are"
        training.recorder.warn(training.update, f"there is a hole in the metrics: {which} missing")
    LOGGER.info(
        "goes on from update %s with the snapshot %s; %d later rows were set aside",
        f"{training.update:,}", path, cut.cut,
    )  # fmt: skip
    training.recorder.event(training.update, "resumed", path=str(path))
    return knows_environments
