"""Engineers or data: prices, scenarios, strategies, break-even, rounds, three questions."""
