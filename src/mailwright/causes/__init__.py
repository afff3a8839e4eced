"""The catalogue of causes: what can go wrong with mail, whose turn it is, and what to do."""
