"""The web page: scheduling, contacts and the link, for the owner of one account."""
