"""The audit trail: who did what with a list, and what the visitor did."""
