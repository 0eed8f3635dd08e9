"""How well the edges of a burst are known, in seconds, by what may have been lost beside them."""

CUT_EARLY_S, CUT_LATE_S = 0.022, 0.050
"""A pick-up that cut a burst is known to this: the packets before the cut may be lost, and what came of the tone after
them too short to be heard; or the packet that held the cut may be concealed by the one before it."""
SHORT_S = 0.13
"""What is left of a burst that was cut at once; its tones tell its edges less well."""
HOLE_S = 0.225
"""A burst shorter by less than this may have lost ten packets at an end instead of being cut, and of one more packet
too little may be left to be heard."""
AFTER_HOLE_S = 0.130
"""So much of a burst behind a hole is heard on any line."""
HAIR_S = 0.0006
"""The pick-up comes before the burst that did not come."""
PACKET_S = 0.020
"""What a packet holds."""
BESIDE_LOST_S = 0.006
"""A burst ends with a lost packet where one is missing so soon behind it."""
