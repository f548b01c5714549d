"""Training, unlearning and retraining: roles, batches, the loop, requests."""
