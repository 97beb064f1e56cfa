"""The workflow file and what its names mean."""
