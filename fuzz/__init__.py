"""Fuzzing: programs that feed Mailwright rubbish until it breaks a promise."""
