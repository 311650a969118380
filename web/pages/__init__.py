"""One module for each page: its routes, and nothing that could be decided without a request."""
