"""Where blocks are kept: stores, pins, the memo, collection and checking."""
