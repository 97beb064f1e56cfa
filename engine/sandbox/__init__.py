"""The walls around a step."""
