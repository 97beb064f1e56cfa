"""IPFS: content in and out of a node beside us (Kubo), by its RPC API."""
