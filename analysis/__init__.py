"""What is concluded from measured learning curves (numpy, scipy, pandas; never torch)."""

from analysis.powerlaw import FitError, PowerLaw, fit_power_law

__all__ = ["FitError", "PowerLaw", "fit_power_law"]
