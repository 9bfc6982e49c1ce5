"""What can be recommended: items, their typed attributes and their pictures."""
