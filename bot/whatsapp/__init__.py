"""Meta's side of Ava: what arrives, what is sent, and what Meta's words mean."""
