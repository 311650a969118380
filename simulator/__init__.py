"""A WhatsApp multi-device server on loopback that the unmodified client links to: for the demo and the tests."""
