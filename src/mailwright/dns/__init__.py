"""DNS: a resolver pool, MX routing, reverse names; every kind of "no" told apart to the end."""
