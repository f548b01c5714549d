"""Loading, holding and reading models."""
