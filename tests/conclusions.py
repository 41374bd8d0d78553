"""Conclusions about all curves of a table of points."""

from analysis.curves.conclusion import Conclusion, conclude_curve


def conclude(table, measure="loss", confidence=0.9, target=None) -> list[Conclusion]:
    """One for each architecture, by name."""
    curves = table.groupby("architecture", sort=True)
    return [conclude_curve(name, one, measure, confidence, target) for name, one in curves]
