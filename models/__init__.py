"""Ways to reach a model: chat that writes text, decisions that answer with probabilities."""
