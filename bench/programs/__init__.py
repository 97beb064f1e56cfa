"""Programs that are measured as processes of their own; peers' run with a peer's interpreter."""
