"""What Palate keeps: the event log, the preferences, the item summaries and their vectors."""
