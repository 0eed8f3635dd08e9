"""Tester-assisted calls: the machine dials, navigates, counts and records; the tester holds the conversation.

The same way as an automated call: `run_call` with the same gate, ledger, scenario engine, recording and ear. What is
added is a second leg, the tester's own telephone (`Desk`), in the same worker process and bridged with the agency's
call, and a `LiveCall`, through which whoever looks on sees the call and does something in it.

A tester's telephone is a `DeskTelephone` (harness/tester_telephones.py): a number on a line of ours or a `sip:`
address, from `[[telephones]]` of agency.toml; or `loopback_telephone(tester, "sip:NAME@127.0.0.1:PORT")`, a process of
this machine whose name is no number (the browser's audio: to this room it is one more telephone that is rung, answers
200 with G.722 or G.711, is bridged, and is rung again at the same address when it was lost). A telephone is only ever
rung with a permit of `number_gate.permit_telephone`.

    from harness.assisted.assist import assist            # and .planned: assist_planned, waiting_tests
    from harness.assisted.live_calls import CALLS         # of this process; threads may share them
    from harness.test_call import plan_call

    plan = plan_call("201", agency, by_tester=True)       # any scenario, its conversations handed to the tester
    live = CALLS.begin(plan=plan, agency=agency, tester="王小明", muted=True)     # gives it its call id
    tests = assist(plan, agency, telephones, telephone=telephone, live=live, redial=False)   # blocks

`telephone` may be a function instead, which is asked before each attempt; `again` is one that is asked, without
waiting, where it is each time that a lost one is rung again. `live.dial_no_more()`, from any thread: what is up comes
to its end, and nothing is dialled after it.

`assist` runs in a thread of the caller's. It asks the gate about the agency's call first (a refusal rings nobody),
rings the tester (25 s), and raises `TesterNotReached` (exit status 3) with nothing dialled and nothing claimed when
they are busy, do not answer or refuse. Then it dials the agency beside the tester's leg and walks the scenario.
It gives every attempt as a `TestCall`, kept in the database like any other; `live.state().phase` ends as `over`.
`assist_planned` does the same for a test of the drawn month: it is taken in the programme's table once the tester is
there, so that neither the programme nor anybody else dials it, and noted there as the programme would.

Whoever shows a call, from any thread:

    live.state() -> LiveState                             # whole, at once; `.to_dict()` is JSON (`thirdring.live/1`)
    live.wait(seen, timeout_s) -> LiveState | None        # as soon as `state.serial > seen`; None after the time
    live.mark("unit_speaks", who=...)                     # one of MARKS; only ever adds
    live.press("123", who=...)                            # passes the number gate; what it refuses is in `refused`
    live.mute(True, who=...)                              # the tester towards the agency
    live.done(who=...)                                    # the conversation is over: now stay silent for 5 s
    live.hang_up(who=...)
    live.listen(telephone, who=...)                       # a convener hears an automated call in a leg of their own
    live.take_over(telephone, who=...)                    # and speaks in it; the scenario ends with the conversation
    live.leave(who=...)                                   # the convener's leg goes again
    CALLS.up() -> tuple[LiveCall, ...]                    # every call of this process that is up, automated ones too
    CALLS.find(call_id) -> LiveCall | None                # the last that are over as well

Commands are done in the call's own thread, at its next look (≤ 0.1 s); what could not be done is in `state.refused`,
and whatever breaks in it costs the agency's call nothing. A telephone that is rung or up is noted beside the ledger
(`harness.desk_legs`): its line's channels count it, and no test finds it engaged by us.
Everything that a person did is an act of the record with who did it (`Act.who`) and, when the call is kept, a row of
the table `call_marks`, which is never changed; the machine's own values stand beside it, untouched. What is said of a
call as a whole, also later, and whether the unit rang back: `harness.assisted.remarks`.

Sound: the far channel of the recording is the agency alone; the near channel is what we said to it, the tester while
they are heard. What a tester says unheard by the agency is kept nowhere. Nothing of the tester's leg can stop, delay
or colour the far channel: it has its own recorder, jitter buffer and clock in the worker process.

All times of a state are seconds of the call's own clock (`state.now_s` is its now; sample 0 of the recording is 0);
before the agency is dialled they are None. A page that wants a running clock adds its own time since it got the state.
"""
