"""Sound in, bursts out: stretches in which one set of tones sounds steadily, and exactly where they begin and end."""
