"""Wheels: a lock file of Python packages becomes an environment."""
