"""What happens without a browser: lists are read, batches sent, refreshed and walked."""
