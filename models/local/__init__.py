"""Checkpoints run in this process by transformers."""
