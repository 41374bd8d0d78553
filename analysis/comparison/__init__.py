"""What compares architectures: exponents, worth k times the data, crossover, fairness."""
