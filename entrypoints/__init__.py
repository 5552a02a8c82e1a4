"""Ways in. No business here."""
