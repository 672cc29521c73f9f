"""Who is told when a submission has ended."""
