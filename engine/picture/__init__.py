"""Pictures of workflows and runs: what is drawn, where, and in which notation. Pure."""
