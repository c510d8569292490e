"""Pictures: what somebody describes as boxes and lines becomes one SVG text.

Re-exports only; each name loads with first use.
"""

from typing import TYPE_CHECKING

from jitflow.first_use import loader

if TYPE_CHECKING:
    from jitflow.drawing.function import draw_function
    from jitflow.drawing.model import Box, Direction, Line, Picture, Row, clipped, shortened
    from jitflow.drawing.svg import MAX_BOXES, MAX_OVERVIEW, draw

__all__ = [
    "MAX_BOXES",
    "MAX_OVERVIEW",
    "Box",
    "Direction",
    "Line",
    "Picture",
    "Row",
    "clipped",
    "draw",
    "draw_function",
    "shortened",
]

__getattr__ = loader(__name__, {
    "function": ("draw_function",),
    "model": ("Box", "Direction", "Line", "Picture", "Row", "clipped", "shortened"),
    "svg": ("MAX_BOXES", "MAX_OVERVIEW", "draw"),
})  # fmt: skip
