"""Delivering: what to send, where to, what to do after each answer, and what became of every recipient."""
