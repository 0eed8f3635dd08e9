"""Sound in, voices and music out: the network, the cheap gate before it, and how loud the line is."""
