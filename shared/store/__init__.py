"""The only door to the bucket."""
