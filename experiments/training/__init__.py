"""How one trial is trained: subsets, networks, the training loop, pruning; no MLflow."""
