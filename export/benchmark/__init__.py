"""How fast exported files and what they replace answer: each in a process of its own, in turn."""
