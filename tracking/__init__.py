"""The contract: what a run is, and the only way to the store. No torch, no statistics."""
