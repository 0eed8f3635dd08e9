"""The number gate: the one place that may permit a telephone to be rung. No configuration switches it off.

A number is dialled only with a `Permit`, and only `permit` makes one: for a number of the agency's own directory
that is no emergency, service, premium or international number, in office hours, within the caps, and recorded only
when the staff were told; `permit_telephone` makes one for a tester's own telephone beside such a call. The telephone
redeems it, once. Where the far end leads a call (`following`) and what is pressed inside it (`pressed_digits`) is
judged in this room too. Everything else is Refused (exit status 4).

Read `decision` first: it asks every other module of the room, and only there is the seal put on a permit.
"""

from harness.number_gate.decision import permit, permit_telephone
from harness.number_gate.permits import Permit, redeem

__all__ = ["Permit", "permit", "permit_telephone", "redeem"]
