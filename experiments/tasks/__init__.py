"""What is learned: one file per kind of task."""
