"""What a whole recording tells when it is listened to again: what bursts and voices alone left open."""
