"""Raw input to arrays and back, in numpy: the one definition that training and production share."""
