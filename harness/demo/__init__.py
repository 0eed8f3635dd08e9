"""The main job against the embedded agency, and its numbers beside the truth."""
