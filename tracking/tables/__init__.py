"""Measurements made elsewhere: tables as people have them become learning curves."""
