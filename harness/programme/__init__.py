"""The programme: which telephone is tested on which day by whom, drawn by lot, sealed, and open to be verified."""
