"""What is concluded from measured learning curves (numpy, scipy, pandas; never torch)."""

from analysis.comparison.multiplier import Worth, worth
from analysis.costs.breakeven import break_even
from analysis.costs.budget import best_for_budget
from analysis.costs.prices import Engineering, Prices
from analysis.costs.rounds import Plan, plan_rounds
from analysis.decision import Decision, decide
from analysis.fits.curve import FitError
from analysis.fits.predictive import Predictive, predictive
from analysis.forecast import DataNeeded, Forecast, data_needed, forecast
from analysis.powerlaw import PowerLaw, fit_power_law

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
