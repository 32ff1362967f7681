"""SQL from names and values that came over the wire."""


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return it without a type, so that the database reads it as the column it meets."""
    return "'" + value.replace("'", "''") + "'"
