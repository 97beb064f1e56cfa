"""Machines that run steps for one another; empty until the protocol lands."""
