"""The monitor room."""
