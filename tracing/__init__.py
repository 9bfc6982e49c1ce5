"""The record of every turn: steps, prompts, decisions, costs and changes."""
