"""What is trained: tasks, training, and the studies that run it (torch and MLflow)."""
