"""Recordings from elsewhere: read, checked and kept as calls of the agency, with the file as it was."""
