"""Inside: what runs inside Nix's builds, by the Python of the environment that is made.

Nothing but the standard library, and nothing newer than Python 3.9: that is all there is.
"""
