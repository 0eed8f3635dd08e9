"""What it was worth: measurements and answers in, score sheet out. No audio, no SIP, no database."""
