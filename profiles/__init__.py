"""Named files of settings: which model plays which role, and where things are kept."""
