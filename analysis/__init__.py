"""What is concluded from measured learning curves (numpy, scipy, pandas; never torch)."""

from analysis.breakeven import break_even
from analysis.budget import best_for_budget
from analysis.curve import FitError
from analysis.decision import Decision, decide
from analysis.forecast import DataNeeded, Forecast, data_needed, forecast
from analysis.multiplier import Worth, worth
from analysis.powerlaw import PowerLaw, fit_power_law
from analysis.predictive import Predictive, predictive
from analysis.prices import Engineering, Prices
from analysis.rounds import Plan, plan_rounds

__all__ = [
    "DataNeeded",
    "Decision",
    "Engineering",
    "FitError",
    "Forecast",
    "Plan",
    "PowerLaw",
    "Predictive",
    "Prices",
    "Worth",
    "best_for_budget",
    "break_even",
    "data_needed",
    "decide",
    "fit_power_law",
    "forecast",
    "plan_rounds",
    "predictive",
    "worth",
]
