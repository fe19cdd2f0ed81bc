"""What to do with a pair of records: pure decisions, no Django, no driver."""
