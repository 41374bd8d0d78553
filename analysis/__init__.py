"""What is concluded from measured learning curves (numpy, scipy, pandas; never torch)."""

from analysis.comparison.data_multiplier import DataMultiplier, data_multiplier
from analysis.curves.data_needed import DataNeeded, data_needed
from analysis.curves.forecast import Forecast, forecast
from analysis.curves.power_law import PowerLaw, fit_power_law
from analysis.curves.predictive import Predictive, predictive
from analysis.decision.break_even import break_even
from analysis.decision.decide import Decision, decide
from analysis.decision.gains import for_budget, more_data
from analysis.decision.prices import Engineering, Prices
from analysis.decision.questions import for_target
from analysis.decision.rounds import Plan, plan_rounds
from analysis.reasons import Finding, FitError, Reason

__all__ = [
    "DataMultiplier",
    "DataNeeded",
    "Decision",
    "Engineering",
    "Finding",
    "FitError",
    "Forecast",
    "Plan",
    "PowerLaw",
    "Predictive",
    "Prices",
    "Reason",
    "break_even",
    "data_multiplier",
    "data_needed",
    "decide",
    "fit_power_law",
    "for_budget",
    "for_target",
    "forecast",
    "more_data",
    "plan_rounds",
    "predictive",
]
