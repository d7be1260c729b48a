"""An exported file made small: int8 and float16 weights, integer products where they pay."""
