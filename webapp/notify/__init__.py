"""Messages to those whom the operator allows, by webhook and by e-mail; it knows nothing of us."""
