"""The nouns of mail, without I/O: reply, codes, address, message."""
