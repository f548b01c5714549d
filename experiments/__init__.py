"""experiments: language models, unlearning, oracles, detectors, audits, and the `mari` command."""
