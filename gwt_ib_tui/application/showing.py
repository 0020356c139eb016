"""What the screens are given to show: the newest snapshot or the one that is held, messages, notifications."""

from __future__ import annotations

from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.application.steered import SteeredApp
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.state.run.announcements import Announcer, freeze_notice, frozen_words
from gwt_ib_tui.state.run.run_view import RunView


class ShowingApp(SteeredApp):
    """The part of the application between what is known and the screens of the run."""

    def __init__(self, directory: RunDirectory, read_only: bool) -> None:
        super().__init__(directory, read_only)
        self._held: RunView | None = None
        self._announcer = Announcer()

    @property
    def run_screens(self) -> list[RunScreen]:
        """The screens of the run that are open, the one in front last."""
        return [screen for screen in self.screen_stack if isinstance(screen, RunScreen)]

    def say(self, status: str, text: str) -> None:
        """Put a message up on every screen."""
        self.steering.say(status, text)

    def action_hold_display(self) -> None:
        """Let what is shown stand still, or follow again; the training and the reading go on either way."""
        if self._held is not None:
            self._held = None
            self.say("notice", "the display follows the run again")
        elif self.run_view is not None and self.run_view.ended:
            self.say("refused", f"the run has ended ({self.run_view.state}): nothing moves any more")
        elif self.run_view is not None:
            self._held = self.run_view
            self.say("notice", freeze_notice(self.run_view))
        self.show_run_view()

    def show_run_view(self) -> None:
        """Put the newest snapshot on every screen, or the one that is held."""
        for screen in self.run_screens:
            screen.run_view = self._held or self.run_view
            screen.held = frozen_words(self._held, self.run_view) if self._held and self.run_view else ""

    def announce(self, run_view: RunView) -> None:
        """Ring, notify and say what is new in a snapshot: another verdict, the end of the run, silence."""
        for news in self._announcer.take(run_view):
            if news.message is not None:
                self.say(news.message.status, news.message.text)
            if news.title:
                self.notify(news.text, title=news.title, severity=news.severity, markup=False)
            if news.bell:
                self.bell()

    def _show_message(self) -> None:
        for screen in self.run_screens:
            screen.message = self.steering.message
            screen.stopping = self.steering.stopping
