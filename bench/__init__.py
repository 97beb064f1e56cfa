"""Measurements against what people would use instead, as ratios paired in one run."""
