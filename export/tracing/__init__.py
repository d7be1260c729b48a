"""A Keras model traced: what it is called with, its states, its recurrent calls marked."""
