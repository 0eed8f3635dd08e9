"""A tester's browser as a telephone: a SIP leg of its own on loopback, whose sound goes by WebSocket to a page.

`BrowserTelephone` (in the pages' process) starts `process`, which answers our softphone's INVITE and carries G.722
where the line has it, else G.711; to the assisted call it is a tester's telephone like any other, at `address`.
"""
