"""Evidence for those who doubt it: the chain looked through, one case taken out with its proof.

The chain itself is written by the database (harness.store.chain).
"""
