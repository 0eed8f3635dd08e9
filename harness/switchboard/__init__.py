"""The embedded agency: a real SIP endpoint on loopback that behaves by script and logs the truth."""
