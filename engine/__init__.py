"""Runs workflows on one machine; knows nothing of peers."""
