"""Scripts for those who work on Mailwright; nothing here is installed."""
