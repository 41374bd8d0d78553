"""Engineers or data: prices, scenarios, strategies, break-even, rounds, what to run next."""
