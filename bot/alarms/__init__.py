"""Tells operators what they have to see to, each once until it is cured."""
