"""Measurements, each a module with `run(say, **options)` that returns its figures; `./wa bench NAME --json`."""
