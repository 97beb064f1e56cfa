"""Determinism: whether a step gives the same whatever a machine may be like, and if not, why."""
