"""What prices the decision: inputs, strategies, futures, break-even, rounds, what to train next."""
