"""Many calls at once against a cheap far end, held against a packet capture: what they cost, and how late they were."""
