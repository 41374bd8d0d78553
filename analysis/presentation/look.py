"""How every chart looks: its language, ink, colours and shapes."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle

import altair as alt

from analysis.language import translate

alt.data_transformers.disable_max_rows()  # a CSV may hold more points than Altair's 5,000

# Okabe & Ito's hues, told apart by colour-blind readers, each as light as stands out (3 : 1) on white and on black.
COLOURS = ["#0072B2", "#D55E00", "#008F68", "#B4609A", "#A07400", "#2F8FC4", "#7F7F7F", "#A0522D"]
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left"]
FAMILIAR = ["cnn", "forest", "linear", "mlp", "resnet"]  # look the same in all charts and studies
INK = {False: "#50545E", True: "#B4B8C2"}  # of rules and their labels, by whether the page is dark
HEIGHT = 300  # pixels


@dataclass(frozen=True)
class Look:
    """The reader's language and whether the page is dark."""

    language: str = "en"
    dark: bool = False

    def say(self, text: str) -> str:
        return translate(text, self.language)

    @property
    def ink(self) -> str:
        return INK[self.dark]

    def colour(self, names: Iterable[str], field: str = "architecture", title: str | None = "") -> alt.Color:
        """A colour for each name."""
        legend = alt.Legend(orient="top", symbolOpacity=1, title=title or None, columns=_columns(names), labelLimit=200)
        return alt.Color(f"{field}:N", scale=_scale(names, COLOURS), legend=legend)

    def shape(self, names: Iterable[str], field: str = "architecture", title: str | None = "") -> alt.Shape:
        legend = alt.Legend(orient="top", title=title or None, columns=_columns(names), labelLimit=200)
        return alt.Shape(f"{field}:N", scale=_scale(names, SHAPES), legend=legend)


LIGHT = Look()  # English on white


def _columns(names):
    """Of a legend that still fits a phone."""
    return 4 if max(map(len, names), default=0) < 9 else 2


def _scale(names: Iterable[str], values: list[str]) -> alt.Scale:
    """Its own value for each of FAMILIAR, whichever others are drawn; the rest take in turn what these leave."""
    names = list(dict.fromkeys(names))
    of = {name: value for name, value in zip(FAMILIAR, values) if name in names}
    free = cycle([value for value in values if value not in of.values()])
    return alt.Scale(domain=names, range=[of[name] if name in of else next(free) for name in names])


def log(title: str, linear: bool = False) -> dict:
    """Options of a logarithmic axis."""
    kind = {"type": "linear"} if linear else {"type": "log"}
    return {"scale": alt.Scale(**kind, nice=False, padding=16, zero=False), "title": title}


def picture(chart: alt.LayerChart, kind: str, width: int = 800) -> bytes:
    """A chart as a png or svg file, on white."""
    file = io.BytesIO() if kind == "png" else io.StringIO()
    chart = chart.properties(width=width, background="white")
    chart.save(file, format=kind, **({"ppi": 144} if kind == "png" else {}))
    content = file.getvalue()
    return content if kind == "png" else content.encode()
