"""Trust: when a result that another peer gave is believed, and how it is checked."""
