"""Where blocks are kept: the store on disk, pins, leases, collection and checking."""
