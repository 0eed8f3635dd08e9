"""Bursts in, ringing out: the cadences that bursts keep, named by a tone plan, and put into rings."""
