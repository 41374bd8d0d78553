"""What is concluded from measured learning curves (numpy, scipy, pandas; never torch)."""

from analysis.breakeven import break_even
from analysis.budget import best_for_budget
from analysis.compare import Comparison, compare
from analysis.curve import FitError
from analysis.decision import Decision, decide
from analysis.forecast import DataNeeded, Forecast, data_needed, forecast
from analysis.multiplier import Worth, worth
from analysis.next_trials import NextTrials, next_trials
from analysis.powerlaw import PowerLaw, fit_power_law
from analysis.predictive import Predictive, predictive
from analysis.prices import Engineering, Prices
from analysis.rounds import Plan, plan_rounds

__all__ = [
    "Comparison",
    "DataNeeded",
    "Decision",
    "Engineering",
    "FitError",
    "Forecast",
    "NextTrials",
    "Plan",
    "PowerLaw",
    "Predictive",
    "Prices",
    "Worth",
    "best_for_budget",
    "break_even",
    "compare",
    "data_needed",
    "decide",
    "fit_power_law",
    "forecast",
    "next_trials",
    "plan_rounds",
    "predictive",
    "worth",
]
