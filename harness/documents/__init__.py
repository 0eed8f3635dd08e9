"""The papers an agency must produce."""
