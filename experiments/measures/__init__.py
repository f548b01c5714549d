"""What is measured about models: samples, pairs, items, memorisation, detectors."""
