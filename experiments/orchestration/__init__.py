"""How a study is run: the grid, its workers, the lease, what to expect and what to keep.

Engine and lease are our own, and so is halving (training/), for what no library promises: a
worker, node or driver may be killed at any moment and no trial is lost or trained twice, and
what is trained and ended early depends on the trials alone, never on timing.
"""
