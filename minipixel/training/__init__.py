"""Training: optimisers, the loop, run folders that survive a kill, and the likelihood on the test split."""
