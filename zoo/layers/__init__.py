"""Keras layers that Keras lacks."""
