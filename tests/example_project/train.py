"""A project's own training: it logs what it measures."""

import sys
from pathlib import Path

import mlflow

subset, seed, lr = sys.argv[1:]
n = len(Path(subset).read_text().split())
print(f"n = {n}")
if float(lr) > 1:
    sys.exit("the learning rate is too large")
loss = 2 * n**-0.5 + 0.01 * float(lr)
with mlflow.start_run():
    mlflow.log_metrics({"val_loss": loss, "test_loss": loss, "epochs": 3})
