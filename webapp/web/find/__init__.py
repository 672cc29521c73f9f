"""Where are my ids? Queries and their results."""
