"""Who may send, and how a connection must be secured: SPF, DKIM, DMARC, ARC, MTA-STS, TLS-RPT, DANE, BIMI."""
