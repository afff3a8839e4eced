"""Mailwright explains why mail failed: what happened, whose turn it is, and what to do."""

__version__ = "0.1.0.dev0"
