"""Examples, training and the manifest of what was trained."""
