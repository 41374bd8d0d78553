"""Whether the answer can be trusted: noise, the search, logged forecasts, failures."""
