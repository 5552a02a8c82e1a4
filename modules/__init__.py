"""The business: four bounded contexts, the words they share, and nothing about how they are wired."""
