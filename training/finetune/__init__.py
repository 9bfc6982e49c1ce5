"""Fine-tuning of a multimodal checkpoint on a catalogue's own interactions: from the stores to a served recommender."""
