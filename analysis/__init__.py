"""What is concluded from measured learning curves (numpy, scipy, pandas; never torch)."""

from analysis.curve import FitError
from analysis.forecast import DataNeeded, Forecast, data_needed, forecast
from analysis.powerlaw import PowerLaw, fit_power_law
from analysis.predictive import Predictive, predictive

__all__ = [
    "DataNeeded",
    "FitError",
    "Forecast",
    "PowerLaw",
    "Predictive",
    "data_needed",
    "fit_power_law",
    "forecast",
    "predictive",
]
