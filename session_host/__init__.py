"""The session host: owns the WhatsApp connection, the ledger of what is sent, and the bucket's projections."""

VERSION = "0.1.0"
"""Held to pyproject.toml by a test."""
