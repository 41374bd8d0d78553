"""How every chart looks: its language, ink, colours and shapes."""

import io
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Literal

import altair as alt

from analysis.report.language import ENGLISH, translate
from tracking.text import Text

alt.data_transformers.disable_max_rows()  # a CSV may hold more points than Altair's 5,000

# Okabe & Ito's hues, told apart by colour-blind readers, each as light as stands out (3 : 1)
# on white and on black.
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#008F68",
    "#B4609A",
    "#A07400",
    "#2F8FC4",
    "#7F7F7F",
    "#A0522D",
)
SHAPES = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-right",
    "triangle-left",
)
# Architectures that look the same in all charts and studies.
FAMILIAR = ("cnn", "forest", "linear", "mlp", "resnet")
# Of rules and their labels, by whether the page is dark.
INK = {False: "#50545E", True: "#B4B8C2"}
# Of the one curve and of the answer on the first screen, by whether the page is dark.
CURVE = {False: "#0A5B93", True: "#5AA9E6"}
ANSWER = {False: "#B93C00", True: "#FF9D5C"}
PAGE = {False: "#FFFFFF", True: "#0F1217"}  # .streamlit/config.toml
HEIGHT = 420  # pixels


@dataclass(frozen=True)
class Theme:
    """For whom a chart is drawn.

    language: of the reader, one of LANGUAGES.
    dark: whether the page is.
    """

    language: str = ENGLISH
    dark: bool = False

    def say(self, text: str) -> str:
        """In the reader's language."""
        return translate(text, self.language)

    def tooltip(self, field: str, title: Text, style: str = "") -> alt.Tooltip:
        """A line of what hovering shows; style: of a number, "" for text."""
        number: dict[str, Any] = {"type": "quantitative", "format": style}
        kind = number if style else {"type": "nominal"}
        return alt.Tooltip(field=_plain(field), title=self.say(title), **kind)

    @property
    def ink(self) -> str:
        """Colour of rules and their labels."""
        return INK[self.dark]

    @property
    def curve(self) -> str:
        """Colour of the one curve that an answer is about."""
        return CURVE[self.dark]

    @property
    def answer(self) -> str:
        """Colour of the answer."""
        return ANSWER[self.dark]

    @property
    def page(self) -> str:
        """Colour of the page behind a chart."""
        return PAGE[self.dark]

    def colour(
        self, names: Iterable[str], field: str = "architecture", title: str | None = ""
    ) -> alt.Color:
        """A colour for each name."""
        known = _once(names)
        legend = alt.Legend(symbolOpacity=1, **_legend(known, title))
        return alt.Color(f"{field}:N", scale=_scale(known, COLOURS), legend=legend)

    def shape(
        self, names: Iterable[str], field: str = "architecture", title: str | None = ""
    ) -> alt.Shape:
        """A shape for each name."""
        known = _once(names)
        legend = alt.Legend(**_legend(known, title))
        return alt.Shape(f"{field}:N", scale=_scale(known, SHAPES), legend=legend)


LIGHT = Theme()  # English on white


def _plain(field: str) -> str:
    """A column's name for Vega, to which dots and brackets mean something."""
    return re.sub(r"([.\[\]\\])", r"\\\1", field)


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _legend(names: Collection[str], title: str | None) -> dict[str, Any]:
    """Options of a legend that still fits a phone."""
    columns = 4 if max(map(len, names), default=0) < 9 else 2
    return {"orient": "top", "title": title or None, "columns": columns, "labelLimit": 200}


def _scale(names: list[str], values: Collection[str]) -> alt.Scale:
    """A value of its own for each of FAMILIAR, whichever others are drawn.

    The rest take in turn what these leave.
    """
    of = {name: value for name, value in zip(FAMILIAR, values) if name in names}
    free = cycle([value for value in values if value not in of.values()])
    used = [of[name] if name in of else next(free) for name in names]
    return alt.Scale(domain=names, range=used)


def log(title: str, linear: bool = False, turned: bool = False) -> Mapping[str, Any]:
    """Options of a logarithmic axis; turned: the smallest is at its far end."""
    kind: Literal["linear", "log"] = "linear" if linear else "log"
    more: dict[str, Any] = {"reverse": True} if turned else {}
    scale = alt.Scale(type=kind, nice=False, padding=16, zero=False, **more)
    return {"scale": scale, "title": title}


def picture(chart: alt.LayerChart, kind: str, width: int = 800) -> bytes:
    """A chart as a png or svg file, on white."""
    chart = chart.properties(width=width, background="white")
    if kind == "png":
        file = io.BytesIO()
        chart.save(file, format="png", ppi=144)
        return file.getvalue()
    text = io.StringIO()
    chart.save(text, format="svg")
    return text.getvalue().encode()
