"""What was heard: samples in, segments out. No SIP, no clock, no file but WAV and FLAC."""
