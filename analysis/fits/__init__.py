"""How the laws are fitted: curves, functional forms, their average, calibrated intervals, the back-test."""
