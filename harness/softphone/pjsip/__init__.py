"""pjsua2, and nothing outside this room imports it: one endpoint a process.

What pjsua2 raises becomes a `SoftphoneError`; the messages it logs and the states it calls back become
`SipSignal`s. No Python runs in the audio path: recorders and players are pjmedia's own. Every object of pjsua2
is dropped only between two polls and before the next `makeCall`, because freeing a finished `Call` whose slot
was taken again hangs up the new call.

`configuration` is what pjsip is told before it starts, `callbacks` what it calls back, `bridge` where sound is
recorded and played, `endpoint` the dialogs and the one door for the rest of us, `library` what
pjsua2 itself was made of.
"""

from harness.softphone.pjsip.endpoint import SipEndpoint
from harness.softphone.pjsip.library import loaded

__all__ = ["SipEndpoint", "loaded"]
