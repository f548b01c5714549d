"""Questions about owners: items, corpora, files, encoding."""
