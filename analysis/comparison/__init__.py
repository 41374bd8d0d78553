"""Architectures side by side: exponents, data multiplier, crossover, fairness."""
