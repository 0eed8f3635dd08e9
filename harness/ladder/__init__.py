"""The SIP ladder of a kept call, with what was heard and done between the messages, on one time axis."""
