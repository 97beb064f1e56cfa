"""Machines that run steps for one another. So far: who a peer is, and what it signs."""
