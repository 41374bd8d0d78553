"""The old name of experiments/tasks/synthetic.py, by which earlier studies know it."""

from experiments.tasks.synthetic import linear, long_tail, student

__all__ = ["linear", "long_tail", "student"]
