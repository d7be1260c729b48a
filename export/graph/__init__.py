"""A converted graph: marks turned into nodes, operators checked, all built anew."""
