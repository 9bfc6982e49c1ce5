"""Protocols, baselines and metrics."""
