"""What other engines' tests expect, run on the real platform."""
