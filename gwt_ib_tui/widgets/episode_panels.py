"""The panels of a recorded episode at one step: what it is, what is seen, the numbers of the step, and all steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.text import Text
from textual.reactive import reactive

from gwt_ib.envs.observation_parts import ADDED
from gwt_ib.replacements import LEARNED, REPLACEMENTS
from gwt_ib.rollout.recorded_episode import ENDINGS, RecordedEpisode
from gwt_ib.text import count, cut_at_end, number, plain, shortened
from gwt_ib_tui.charts.glyphs import GLYPHS
from gwt_ib_tui.charts.half_blocks import ansi_lines, picture_lines
from gwt_ib_tui.charts.observation_rows import Look, observation_lines, short_words
from gwt_ib_tui.charts.palette import Palette, palette_of
from gwt_ib_tui.charts.strips import Layer, Strip, strip_lines
from gwt_ib_tui.charts.view import Symbols
from gwt_ib_tui.state.episode.episode_view import EpisodeView
from gwt_ib_tui.widgets.panel import Painted, indented, title_line

BARS = "▏▎▍▌▋▊▉█"
BAR = 24
"""Cells of the longest bar."""
NAME = 11


class EpisodePanel(Painted):
    """Shows a recorded episode at one step. Subclasses give `shown`."""

    DEFAULT_CSS = "EpisodePanel { text-wrap: nowrap; text-overflow: clip; }"
    episode: reactive[EpisodeView | None] = reactive(None)
    symbols: reactive[Symbols] = reactive("braille")

    def text_lines(self, width: int, height: int) -> list[Text]:
        """Nothing before there is an episode."""
        return [] if self.episode is None else self.shown(self.episode, width, height)

    def shown(self, episode: EpisodeView, width: int, height: int) -> list[Text]:
        """The lines of this step."""
        raise NotImplementedError

    @property
    def palette(self) -> Palette:
        """The colours of the theme."""
        return palette_of(self.app.current_theme)

    @property
    def colours(self) -> bool:
        """Whether the terminal has enough of them for a picture."""
        return self.symbols != "ascii" and not self.app.no_color and getattr(self.app, "many_colours", False)


class EpisodeBar(EpisodePanel):
    """Which episode of which agent it is, and where it is: two lines."""

    doing: reactive[str] = reactive("")

    def text_lines(self, width: int, height: int) -> list[Text]:
        """What is waited for, until there is an episode."""
        if self.episode is not None:
            return super().text_lines(width, height)
        words = f" ○ WATCH  {self.doing} …" if self.doing else " ○ WATCH  no episode"
        return [Text(words, style=f"bold {self.palette.wait}")]

    def shown(self, episode: EpisodeView, width: int, height: int) -> list[Text]:
        """Chip, origin and return; then where it is."""
        palette, playback, recorded = self.palette, episode.playback, episode.recorded
        icon = "▶" if playback.playing else "■" if playback.at_end else "‖"
        chip = f" {icon} WATCH {playback.speed:g}/s "
        line = Text(no_wrap=True, end="").append(chip, f"bold {palette.on_chip} on {palette.second}")
        origin = recorded.origin
        gate = "" if origin.gate == LEARNED else f"gate {origin.gate}"
        right = Text(f"return {number(recorded.total)} ", style=f"bold {palette.text}")
        words = [f"episode {origin.episode}", gate, f"snapshot {count(origin.env_steps)} steps", f"seed {origin.seed}"]
        words = [self.doing, *filter(None, words)] if self.doing else list(filter(None, words))
        name = plain(origin.env_id).removeprefix("popgym-")
        room = width - line.cell_len - right.cell_len - 5
        while len(words) > 1 and len(name) + sum(len(word) + 3 for word in words) > room:
            words.pop()  # the weightiest stand first
        told = " · ".join(words)
        line.append("  ").append(shortened(name, max(room - len(told) - 2, 12)), style=f"bold {palette.text}")
        line.append(f"  {told}", style=palette.dim)
        line.truncate(max(width - right.cell_len - 1, 1), overflow="ellipsis")
        line.append(" " * max(width - line.cell_len - right.cell_len, 1)).append_text(right)
        return [line, self._place(episode, width)]

    def _place(self, episode: EpisodeView, width: int) -> Text:
        """A line with a mark where it is, and the step in words."""
        palette, recorded = self.palette, episode.recorded
        words = ENDINGS[recorded.ending] if episode.over else f"step {episode.step:,} of {recorded.steps:,}"
        cells = max(width - len(words) - 4, 4)
        here = round(min(episode.step / max(recorded.steps, 1), 1.0) * (cells - 1))
        return Text.assemble(
            (" " + "━" * here, palette.second),
            ("●", f"bold {palette.second}"),
            ("─" * (cells - 1 - here), palette.frame),
            (f"  {words}", f"bold {palette.text}"),
        )


class SeenPanel(EpisodePanel):
    """What the agent was shown at this step: the environment's picture, or the observation itself."""

    as_numbers: reactive[bool] = reactive(False)
    """Whether the observation is shown although there is a picture."""

    def shown(self, episode: EpisodeView, width: int, height: int) -> list[Text]:
        """A title, then as much as fits."""
        recorded, palette = episode.recorded, self.palette
        picture = recorded.picture(episode.step)
        if picture is None or self.as_numbers:
            title = title_line(palette, "seen", f"an observation of {recorded.observation.shape[1]:,} numbers")
            lines = [title, *self._observation(episode, width, height - 1)]
            lines += self._before(episode, width, height - len(lines) - 1)
            if recorded.note and recorded.ending != "failed" and not recorded.drawn:
                note = indented(Text(recorded.note, style=palette.dim), width)
                lines += [Text(), *note] if len(lines) + len(note) < height else []
            return lines
        drawn_at = int(recorded.drawn_at[picture])
        title = title_line(palette, "picture", "" if drawn_at == episode.step else f"of step {drawn_at:,}")
        if recorded.texts:
            lines = [title, *self._centred(ansi_lines(recorded.texts[picture]), width)]
            return lines + self._before(episode, width, height - len(lines) - 1)
        dark = self.app.current_theme.dark
        frame = recorded.frames[picture]
        return [title, *picture_lines(frame, width, height - 1, colours=self.colours, dark=dark)]

    def _observation(self, episode: EpisodeView, width: int, height: int) -> list[Text]:
        look = Look(width, self.palette, self.symbols, self.colours, self.app.current_theme.dark)
        recorded = episode.recorded
        return observation_lines(recorded.parts, recorded.observation, episode.step, look, height)

    def _before(self, episode: EpisodeView, width: int, height: int) -> list[Text]:
        """The steps up to this one, a line each, as many as fit: what has to be remembered was seen there."""
        recorded, palette, step = episode.recorded, self.palette, episode.step
        if height < 4:
            return []
        own = [part for part in recorded.parts if part.name not in ADDED]
        first, last = max(step - height + 2, 0), min(step, recorded.steps - 1)
        steps = range(max(first, last - height + 3), last + 1)
        did = [self._did(recorded, t) for t in steps]
        wide = max([6, *map(len, did)])
        lines = [
            Text(),
            Text(f" {'step':>5}  {'reward':>7}  {'c':>4}  {'action':>{wide}}  saw", style=palette.dim, end=""),
        ]
        for t, done in zip(steps, did, strict=True):
            seen = short_words(own, recorded.observation[t, : sum(part.size for part in own)])
            words = f" {t:>5}  {_signed(recorded.reward[t]):>7}  {recorded.c[t]:4.2f}  {done:>{wide}}  {seen}"
            style = f"bold {palette.text}" if t == step else palette.dim
            lines.append(Text(cut_at_end(words, width), style=style, no_wrap=True, end=""))
        return lines

    @staticmethod
    def _did(recorded: RecordedEpisode, t: int) -> str:
        """The action of a step in a few characters."""
        values = recorded.action[t][:3].tolist()
        return ",".join(str(value) if recorded.choices else number(float(value)) for value in values)

    @staticmethod
    def _centred(lines: Sequence[Text], width: int) -> list[Text]:
        room = max((width - max((line.cell_len for line in lines), default=0)) // 2, 0)
        return [Text(" " * room, end="").append_text(line) for line in lines]


class StepPanel(EpisodePanel):
    """The numbers of this step: the action with its probabilities, what was paid, value, TD errors and gate."""

    def shown(self, episode: EpisodeView, width: int, height: int) -> list[Text]:
        """After the last step there is only the return."""
        palette, recorded, t = self.palette, episode.recorded, episode.step
        words = "after the last step" if episode.over else f"return so far {number(episode.so_far)}"
        lines = [title_line(palette, f"step {t:,}", words)]
        if episode.over:
            lines += [
                self._line("return", number(recorded.total), palette.text),
                self._line("steps", f"{recorded.steps:,}", palette.text),
                *indented(Text(ENDINGS[recorded.ending] + ".", style=palette.text), width),
                *(indented(Text(recorded.note, style=palette.bad), width) if recorded.ending == "failed" else []),
            ]
            return lines
        numbers = [
            self._line("reward", _signed(recorded.reward[t]), palette.good if recorded.reward[t] > 0 else palette.text),
            self._line("value", _signed(recorded.value[t]), palette.line, f"next {_signed(recorded.next_value[t])}"),
            self._line("TD error", _signed(recorded.td[t]), palette.second, "of this step"),
            self._line("TD before", _signed(recorded.td_prev[t]), palette.second, "drives the gate"),
            self._share("prior", float(recorded.prior[t]), palette.prior, width),
            self._share("gate c", float(recorded.c[t]), palette.target, width),
        ]
        if recorded.drawn:  # beside a picture, which may show more, or less
            own = [part for part in recorded.parts if part.name not in ADDED]
            seen = short_words(own, recorded.observation[t, : sum(part.size for part in own)])
            numbers.append(Text(f"  {'saw':{NAME}}  {seen}", style=palette.dim, no_wrap=True, end=""))
        room = max(height - len(numbers) - 1, 1)
        return [*lines, *self._action(recorded, t, width, room), *numbers]

    def _action(self, recorded: RecordedEpisode, t: int, width: int, height: int) -> list[Text]:
        """What was done; below it how probable each choice was, the most probable ones where there are many."""
        palette, chosen = self.palette, recorded.action[t]
        if not recorded.choices:
            shown = ", ".join(number(float(value)) for value in chosen[:8]) + (" …" if len(chosen) > 8 else "")
            return [self._line("action", shown, palette.text)]
        words = ", ".join(map(str, chosen.tolist()))
        likely = float(np.exp(np.float64(recorded.log_prob[t])))
        lines = [self._line("action", words, palette.text, f"p {number(likely)}")]
        shares = (
            np.split(recorded.probability[t], np.cumsum(recorded.choices)[:-1]) if len(recorded.probability[t]) else []
        )
        room = (height - 1) // max(len(shares), 1)
        for component, (share, choice) in enumerate(zip(shares, chosen.tolist(), strict=False)):
            order = range(len(share)) if len(share) <= room else _most_likely(share, choice, room)
            for option in order:
                name = f"{option}" if len(shares) == 1 else f"{component}: {option}"
                lines.append(self._bar(name, float(share[option]), palette.line, width, chosen=option == choice))
        return lines

    def _line(self, name: str, value: str, color: str, words: str = "") -> Text:
        line = Text(f"  {name:{NAME}}", style=self.palette.dim, no_wrap=True, end="")
        line.append(f"{value:>9}", style=f"bold {color}")
        fits = len(words) + line.cell_len + 3 <= self.content_size.width  # half a sentence says nothing
        return line.append(f"   {words}" if words and fits else "", style=self.palette.dim)

    def _share(self, name: str, share: float, color: str, width: int) -> Text:
        line = self._line(name, number(share), color)
        return line.append("   ").append(self._blocks(share, min(width - line.cell_len - 4, BAR)), style=color)

    def _bar(self, name: str, share: float, color: str, width: int, *, chosen: bool) -> Text:
        palette = self.palette
        mark = GLYPHS[self.symbols].here if chosen else " "
        line = Text(f"  {mark} {shortened(name, NAME - 2):{NAME - 2}}", style=palette.target if chosen else palette.dim)
        line.append(f"{share:9.3f}", style=palette.text if chosen else palette.dim)
        room = min(width - line.cell_len - 4, BAR)
        return line.append("   ").append(self._blocks(share, room), style=palette.target if chosen else color)

    def _blocks(self, share: float, cells: int) -> str:
        """A bar of at most so many cells."""
        if cells < 1 or not np.isfinite(share):
            return ""
        share = min(max(share, 0.0), 1.0)
        if self.symbols == "ascii":
            return "#" * round(share * cells)
        full, eighths = divmod(round(share * cells * 8), 8)
        return "█" * full + (BARS[eighths - 1] if eighths else "")


class StepsPanel(EpisodePanel):
    """Value, TD error, reward, and the gate over its prior, at all steps, with a cursor at this one."""

    def shown(self, episode: EpisodeView, width: int, height: int) -> list[Text]:
        """Strips of equal height; in a low panel a title has no room."""
        recorded, palette = episode.recorded, self.palette
        strips = [
            Strip("value", [Layer(recorded.value, palette.line)]),
            Strip("TD error", [Layer(recorded.td, palette.second, bars=True)]),
            Strip("reward", [Layer(recorded.reward, palette.good, bars=True)]),
            Strip(
                "gate c",
                [Layer(recorded.prior, palette.prior, loose=True), Layer(recorded.c, palette.target)],
                (0.0, 1.0),
            ),
        ]
        titled = height > 2 * len(strips)
        rows, more = divmod(height - titled, len(strips))
        lines = []
        if titled:
            legend = Text.assemble(("gate c", palette.target), (" over its ", palette.dim), ("prior", palette.prior))
            title = title_line(palette, f"{recorded.steps:,} steps", legend)
            if (word := recorded.origin.gate) != LEARNED:
                forms = [f"  the gate is replaced: {words}" for words in (gate_words(word), word)]
                room = width - title.cell_len
                title.append(next((words for words in forms if len(words) <= room), ""), style=palette.warn)
            lines.append(title)
        for place, strip in enumerate(strips):
            tall = rows + (place >= len(strips) - more)
            lines += strip_lines(strip, episode.step, width, tall, palette, self.symbols)
        return lines


def gate_words(word: str) -> str:
    """A gate's word with what it means."""
    return word if word == LEARNED else f"{word}: {REPLACEMENTS[word]}"


def _most_likely(share: np.ndarray, choice: int, room: int) -> list[int]:
    """The most probable options, in their order, the chosen one among them."""
    order = [choice, *(int(option) for option in np.argsort(-share, kind="stable") if option != choice)]
    return sorted(order[: max(room, 1)])


def _signed(value: float) -> str:
    return f"+{number(float(value))}" if value > 0 else number(float(value))
