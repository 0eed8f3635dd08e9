"""How fast the parts are, measured on this machine; figures that depend on the machine come as ratios."""
