"""Readers of other people's data."""
