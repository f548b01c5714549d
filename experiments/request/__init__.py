"""A deletion request from the data to the folder that is handed over. What `mari request` does."""
