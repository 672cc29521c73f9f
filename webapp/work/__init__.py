"""What happens without a browser: lists are read, batches are sent, refreshed and walked."""
