"""People, departments, positions and groups: who is who, and who stands above whom."""
