"""What the screens are given to show: the newest view of the run or the one that is frozen, messages, notifications."""

from __future__ import annotations

import re

from textual.app import App
from textual.reactive import reactive

from gwt_ib.text import plain
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.state.run.announcements import Announcer, freeze_notice, frozen_words
from gwt_ib_tui.state.run.requests import RequestLog
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.state.run.source import Source

_WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


class DisplayApp(App[str]):
    """The part of the application between what is known and the screens of the run."""

    run_view: reactive[RunView | None] = reactive(None, repaint=False)

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source
        self.requests = RequestLog()
        self._frozen: RunView | None = None
        self._announcer = Announcer()

    @property
    def run_screens(self) -> list[RunScreen]:
        """The screens of the run that are open, the one in front last."""
        return [screen for screen in self.screen_stack if isinstance(screen, RunScreen)]

    def say(self, status: str, text: str) -> None:
        """Put a message up on every screen."""
        self.requests.say(status, text)
        self.show_message()

    def action_freeze_display(self) -> None:
        """Let what is shown stand still, or follow again; the training and the reading go on either way."""
        if not self.source.live:
            self.say("refused", self.source.refusal)
        elif self._frozen is not None:
            self._frozen = None
            self.say("notice", "the display follows the run again")
        elif self.run_view is not None and self.run_view.ended:
            self.say("refused", f"the run has ended ({self.run_view.state}): nothing moves any more")
        elif self.run_view is not None:
            self._frozen = self.run_view
            self.say("notice", freeze_notice(self.run_view))
        self.show_run_view()

    def show_run_view(self) -> None:
        """Put the newest view of the run on every screen, or the one that is frozen."""
        for screen in self.run_screens:
            screen.run_view = self._frozen or self.run_view
            screen.frozen = frozen_words(self._frozen, self.run_view) if self._frozen and self.run_view else ""

    def show_message(self) -> None:
        """Put the newest message on every screen."""
        for screen in self.run_screens:
            screen.message = self.requests.message
            screen.stopping = self.requests.stopping

    def announce(self, run_view: RunView) -> None:
        """Ring, notify and say what is new in a view: another verdict, the end of the run, silence."""
        for news in self._announcer.take(run_view):
            if news.message is not None:
                self.say(news.message.status, news.message.text)
            if news.title:
                self.notify(news.text, title=news.title, severity=news.severity, markup=False)
            if news.bell:
                self.bell()

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """What is on the screen, as SVG that loads nothing from the network: the viewer's own monospaced font is used."""
        picture = super().export_screenshot(title=plain(title or self.title), simplify=simplify)
        return _WEB_FONT.sub("", picture)
