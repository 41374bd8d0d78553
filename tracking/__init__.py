"""The contract: what a run is, and the only way to the store (MLflow, pandas; no torch, no
statistics).
"""
