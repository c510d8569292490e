"""How pictures look: sizes of letters, colours by light and by dark, names of kinds in the legend.

Each picture brings its rules along, under its own class, so that several on a page do not meet.
"""

from __future__ import annotations

from typing import NamedTuple

FONT, SMALL = 12.0, 10.5
"""Heights of letters, in pixels."""

LETTER = 0.605
"""Width of a letter, of its height: that of the widest of the fonts that are asked for."""

ROW, SMALL_ROW = 18.0, 14.0
PAD_X, PAD_Y = 10.0, 5.0

FAMILY = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


class Kind(NamedTuple):
    """A kind of box: its name in the legend, its fill and its edge, by light and by dark."""

    label: str
    fill: str
    edge: str
    dark_fill: str
    dark_edge: str
    radius: int = 6
    dashes: str = ""


KINDS = {
    "op": Kind("operation", "#f6f7f9", "#aeb6c4", "#21262e", "#59626f"),
    "constant": Kind("constant", "#ffffff", "#aeb6c4", "#171b21", "#59626f", 11),
    "given": Kind("placeholder", "#e6f0fe", "#3673d0", "#15263f", "#5b95ea", 11),
    "param": Kind("parameter", "#e6f0fe", "#3673d0", "#15263f", "#5b95ea", 11),
    "variable": Kind("variable", "#f0eafc", "#7a52cc", "#261d3d", "#a286e6", 3),
    "effect": Kind("has a side effect", "#dff3e4", "#1f7a38", "#12301d", "#4cb36b"),
    "scope": Kind("closed scope", "#e3e7ee", "#6b7688", "#2b323d", "#8a94a3", 8),
    "view": Kind("same memory, or a copy", "#f6f7f9", "#aeb6c4", "#21262e", "#59626f", 6, "4 3"),
    "kernel": Kind("kernel: one loop nest", "#fff6e5", "#c07a13", "#332613", "#d99a3f"),
    "result": Kind("result", "#ffffff", "#3c4658", "#171b21", "#c3cad6", 11),
}  # fmt: skip
"""By the name that boxes give; in the order of the legend."""

LINES = {
    "data": ("value", ""),
    "control": ("runs before, gives no value", "1.5 4"),
    "state": ("sets the variable, which does not wait for it", "6 4"),
}
"""Kinds of lines: their name in the legend, and their dashes."""

NAME = "jitflow-picture"


class Palette(NamedTuple):
    """The colours that are not those of kinds."""

    page: str
    text: str
    note: str
    line: str
    off: str
    on: str
    wanted: str
    frame: str
    hover: str
    state: str
    shades: tuple[str, str, str]


LIGHT = Palette(
    "#ffffff", "#1d2430", "#596273", "#7d8798", "#dde1e8", "#303a4b", "#cf4a0a", "#c6ccd7",
    "#ffe9a8", "#1f7a38", ("#f5f6f8", "#eaecf0", "#dfe2e8"),
)  # fmt: skip
DARK = Palette(
    "#14171c", "#e8ebf0", "#a3adbb", "#7b8696", "#2e343d", "#cfd5df", "#ff8b4a", "#3d4552",
    "#4f4415", "#4cb36b", ("#1a1e24", "#20252d", "#272d36"),
)  # fmt: skip


def rules() -> str:
    """The style sheet of a picture."""
    plain = [
        f"{{font-family:{FAMILY};font-size:{FONT:g}px}}",
        f" .note{{font-size:{SMALL:g}px}}",
        " .name,.label{font-weight:600}",
        " .line{fill:none;stroke-width:1.3}",
        " .on .line{stroke-width:2}",
        " .wanted .box{stroke-width:2.5}",
        " g.off{opacity:.4}",
        " .row{fill:transparent}",
        *(
            f" .{kind} .line{{stroke-dasharray:{dashes}}}"
            for kind, (_, dashes) in LINES.items() if dashes
        ),
        *(f" .{name} .box{{stroke-dasharray:{k.dashes}}}" for name, k in KINDS.items() if k.dashes),
    ]  # fmt: skip
    light = [f".{NAME}{rule}" for rule in _joined(plain) + _colours(LIGHT, is_dark=False)]
    dark = [f".{NAME}{rule}" for rule in _joined(_colours(DARK, is_dark=True))]
    return "\n".join([*light, "@media (prefers-color-scheme:dark){", *dark, "}"])


def _joined(rules: list[str]) -> list[str]:
    """Each rule with the class of pictures before every one of its selectors."""
    return [rule.replace(",.", f",.{NAME} .") if "{" in rule else rule for rule in rules]


def _colours(colours: Palette, is_dark: bool) -> list[str]:
    kinds = {
        name: (kind.dark_fill, kind.dark_edge) if is_dark else (kind.fill, kind.edge)
        for name, kind in KINDS.items()
    }
    return [
        f" .page{{fill:{colours.page}}}",
        f" text{{fill:{colours.text}}}",
        f" .note{{fill:{colours.note}}}",
        f" .frame{{stroke:{colours.frame}}}",
        *(f" .shade{i}{{fill:{shade}}}" for i, shade in enumerate(colours.shades)),
        f" .label{{fill:{colours.note}}}",
        *(f" .{name} .box{{fill:{fill};stroke:{edge}}}" for name, (fill, edge) in kinds.items()),
        f" .line{{stroke:{colours.line}}}",
        f" .head{{fill:{colours.line}}}",
        f" .on .line{{stroke:{colours.on}}}",
        f" .on .head{{fill:{colours.on}}}",
        f" .state .line{{stroke:{colours.state}}}",
        f" .state .head{{fill:{colours.state}}}",
        f" .faint .line{{stroke:{colours.off}}}",
        f" .faint .head{{fill:{colours.off}}}",
        f" .wanted .box{{stroke:{colours.wanted}}}",
        f" .op-row:hover .row{{fill:{colours.hover}}}",
        f" .edge:hover .line{{stroke:{colours.wanted};stroke-width:3}}",
    ]
