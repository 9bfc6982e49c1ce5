"""The order in which the roles act."""
