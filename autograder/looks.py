"""How an outcome looks, in a terminal, on a page and in a plot."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.results import Outcome


@dataclass(frozen=True)
class Look:
    """How an outcome is shown: told apart by its sign, its lightness and its colour, each by itself enough."""

    sign: str  # one column wide in a terminal
    ground: str  # colours: Okabe & Ito's palette for the colour-blind, lightened under dark text
    ink: str
    terminal: str
    dark: str = ""  # the ground on dark pages, under text in the light ground's colour; empty: as on light ones


LOOKS = {
    Outcome.PASSED: Look("✓", "#cdeee2", "#00523c", "green", "#134a39"),
    Outcome.PARTLY: Look("◐", "#fbe6b5", "#5c4200", "yellow", "#5e4a0a"),
    Outcome.EDGE_CASE: Look("◔", "#fdf3c4", "#5c4a00", "yellow", "#494115"),
    Outcome.DIFFERENCES: Look("≈", "#f6dfa0", "#5c3d00", "yellow", "#553f12"),
    Outcome.WRONG_SHAPE: Look("◇", "#f8d3bd", "#7a2e00", "red", "#6b3416"),
    Outcome.WRONG_VALUES: Look("✗", "#eeb08c", "#5e2200", "red", "#7a3210"),
    Outcome.RETURNS_NONE: Look("∅", "#d9dde3", "#333a44", "blue", "#3d4652"),
    Outcome.NOT_ATTEMPTED: Look("·", "#eef0f3", "#4a525e", "bright_black", "#262d37"),
    Outcome.CRASHED: Look("!", "#b0568c", "#ffffff", "magenta"),
    Outcome.TIMED_OUT: Look("∞", "#8a3f6c", "#ffffff", "magenta"),
    Outcome.OUT_OF_MEMORY: Look("M", "#6d3054", "#ffffff", "magenta"),
    Outcome.ENVIRONMENT: Look("?", "#000000", "#ffffff", "reverse"),
}
ABSENT = Look("–", "#ffffff", "#6b7380", "bright_black")  # nothing was handed in
