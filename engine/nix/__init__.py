"""Nix from Python: its formats (pure), the one caller of Nix, and closures without Nix."""
