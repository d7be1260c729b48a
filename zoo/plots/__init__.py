"""Pictures, one a file."""
