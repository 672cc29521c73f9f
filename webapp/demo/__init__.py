"""`linkboard demo`: the dashboard with a simulated ICA, example submissions and sample lists."""
