"""A trainer as a program of its own: reads indices, writes a JSON."""

import json
import sys

subset, lr, seed, result, *mood = sys.argv[1:]
n = len(open(subset).read().split())  # noqa: PTH123, SIM115
print(f"n = {n}, lr = {lr}")
if "crash" in mood:
    print("the disk is full", file=sys.stderr)
    print()
    sys.exit(3)
if "silent" in mood:
    sys.exit(4)
if "empty" in mood:
    sys.exit(0)
if "text" in mood:
    open(result, "w").write("val_loss: 1")  # noqa: PTH123, SIM115
    sys.exit(0)
loss = 2 * n**-0.5 + 0.01 * float(lr)
with open(result, "w") as file:  # noqa: PTH123
    json.dump({"val_loss": loss, "test_loss": loss, "test_loss_se": 0.01}, file)
