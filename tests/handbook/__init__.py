"""The reference of every flow in docs/flows/, written from the drawings and their English."""
