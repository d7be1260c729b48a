"""Training: from a recipe and its data to weights, on any Keras backend."""
