"""An export at work: the rows of several runs, as they come, into one writer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gwt_ib.exports.follower import RowFollower
from gwt_ib.exports.source import Source
from gwt_ib.exports.writer import Writer
from gwt_ib.runs.record import ENDED, KILLED, UNKNOWN


class Export:
    """Reads what the runs have recorded and gives it to a writer. Each method may raise `OSError`."""

    def __init__(self, sources: Sequence[Source], writer: Writer) -> None:
        self._writer = writer
        self._followers = {source: RowFollower(source.run.metrics) for source in sources}
        self.rewound = 0
        """How often rows were taken back, as a run was resumed from an earlier point."""
        for source in self._followers:
            writer.begin(source)

    @property
    def count(self) -> int:
        """The rows that the writer has."""
        return sum(follower.count for follower in self._followers.values())

    def read(self, stop: Callable[[], bool] = lambda: False) -> bool:
        """Take everything that is there by now, or less when told to `stop`; whether there was anything new."""
        found = False
        for source in self._followers:
            while not stop():
                found = self._read_one(source) or found
                if self._followers[source].at_end:
                    break
        return found

    def _read_one(self, source: Source) -> bool:
        news = self._followers[source].read()
        if news.cut_to is not None:
            self.rewound += 1
            if not self._writer.rewinds:
                self._writer.begin(source)
                self._followers[source] = RowFollower(source.run.metrics)
                return True
            self._writer.cut_back(source, news.cut_to)
        if news.rows:
            self._writer.rows(source, news.rows)
        return bool(news.rows) or news.cut_to is not None

    def over(self) -> bool:
        """Whether no run can record anything more: each has ended or been killed, or there is no telling that it lives."""
        return all(source.run.state() in (*ENDED, KILLED, UNKNOWN) for source in self._followers)
