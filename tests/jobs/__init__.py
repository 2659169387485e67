"""Machine work."""
