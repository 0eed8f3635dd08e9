"""A scenario walked on a call in progress: a room for each kind of step."""
