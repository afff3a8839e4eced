"""Wiring: the only room that reads files and configuration and joins the parts."""
