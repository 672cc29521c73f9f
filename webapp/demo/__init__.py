"""What `linkboard demo` does: a dashboard with a simulated ICA behind it and examples in it."""
