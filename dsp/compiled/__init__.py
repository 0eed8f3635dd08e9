"""What the ear reckons most: its innermost loops in C, and what numpy does slowly."""
