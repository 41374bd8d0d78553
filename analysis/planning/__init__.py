"""What to run next: the trials that make a study surer, and the study as it stands."""
