"""Where everything is kept; SQL lives here and in ``migrations/`` only."""
