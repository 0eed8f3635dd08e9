"""The telephone: protocols, pjsua2 in worker processes, and a scripted far end in virtual time."""
