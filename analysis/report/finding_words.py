"""What a curve shows, in a line: the title of its chart."""

from analysis.decision.gains import MoreData
from analysis.report.numbers import best_of, said_of
from tracking.measures import find_measure
from tracking.text import Text

# The share of the value that goes, in words; the nearest is said.
SHARES = {
    1 / 2: Text("half"),
    1 / 3: Text("a third"),
    1 / 4: Text("a quarter"),
    1 / 5: Text("a fifth"),
    1 / 6: Text("a sixth"),
    1 / 8: Text("an eighth"),
    1 / 10: Text("a tenth"),
    1 / 15: Text("a fifteenth"),
    1 / 20: Text("a twentieth"),
    1 / 40: Text("a fortieth"),
}


def finding_words(twice: MoreData, measure: str) -> Text:
    """By how much each doubling of the data improves the measure, as a share of its gap.

    twice: what twice the data brings.
    measure: its text (tracking/measures.py).
    """
    known = {"measure": said_of(measure), "best": best_of(measure)}
    if twice.reason is not None:
        return Text("The {measure} does not follow the amount of data yet", **known)
    if twice.hardly:
        return Text("More data hardly changes the {measure}", **known)
    gone = 1 - twice.value / twice.now
    share = SHARES[min(SHARES, key=lambda one: abs(one - gone))]
    if find_measure(measure).is_score:
        return Text(
            "Each doubling of the data closes {share} of the gap to {best}",
            share=share,
            **known,
        )
    return Text("The {measure} falls by {share} with each doubling", share=share, **known)
