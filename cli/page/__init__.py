"""The page of a run: what is on it, gathered from this home and laid out as one HTML file."""
