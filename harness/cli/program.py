"""`thirdring` itself: finds the command, and turns every error into a sentence and an exit status."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import metadata

import click

from harness.cli.again import rehear
from harness.cli.assist import assist
from harness.cli.attend import attend
from harness.cli.backup import backup, restore
from harness.cli.bench import bench
from harness.cli.calendar import calendar
from harness.cli.calls import call, list_calls, show
from harness.cli.cluster import probe
from harness.cli.complaints import complaints
from harness.cli.confirm import confirm
from harness.cli.doctor import doctor
from harness.cli.embedded import demo, switchboard
from harness.cli.evidence import export_case, verify
from harness.cli.external import external
from harness.cli.figures import figures
from harness.cli.folder import init
from harness.cli.forms import form
from harness.cli.hear import learn_tone, listen
from harness.cli.imported import import_call
from harness.cli.improve import improve
from harness.cli.kept import answer, rescore
from harness.cli.ladder import ladder
from harness.cli.mark import score
from harness.cli.opinion import opinion
from harness.cli.options import Asked, asked_for
from harness.cli.output import tell
from harness.cli.programme import plan
from harness.cli.prompts import prompt
from harness.cli.questions import questions
from harness.cli.remark import remark
from harness.cli.report import report
from harness.cli.retain import retain
from harness.cli.run import run as run_programme
from harness.cli.scenario import scenario
from harness.cli.serve import serve
from harness.cli.units import units
from harness.cli.user import user
from harness.errors import ENVIRONMENT_FAILED, WRONG_USAGE, ThirdringError
from harness.logs import masked
from harness.plain_text import plain_json
from harness.words import say

INTERRUPTED = 130  # what shells give for SIGINT
COMMANDS = (
    init,
    doctor,
    call,
    assist,
    attend,
    list_calls,
    show,
    ladder,
    listen,
    import_call,
    learn_tone,
    prompt,
    rehear,
    bench,
    score,
    form,
    answer,
    confirm,
    remark,
    rescore,
    opinion,
    figures,
    external,
    complaints,
    improve,
    report,
    scenario,
    units,
    questions,
    calendar,
    plan,
    run_programme,
    probe,
    serve,
    user,
    retain,
    verify,
    export_case,
    backup,
    restore,
    switchboard,
    demo,
)


def version() -> str:
    """Give the version of the installed package."""
    try:
        return metadata.version("thirdring")
    except metadata.PackageNotFoundError:
        return "(not installed)"


@click.group(name="thirdring", commands=list(COMMANDS), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version(), message="thirdring %(version)s")
@asked_for
def thirdring(asked: Asked) -> None:
    """三聲內：機關電話自我測試。Thirdring: how fast does an agency answer its own telephones?

    \b
    結束碼 Exit status:
      0  完成                    done
      1  完成，但有未達標準      done, and something is below the standard (call, score, listen)
                                 or to be seen to (doctor)
      2  用法或檔案內容有誤      wrong usage, or a file says something that cannot be
      3  環境失敗（線路、磁碟）  the environment failed (no line, no disk)
      4  安全規則拒絕            refused by a safety rule
    """


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    os.umask(os.umask(0o077) | 0o007)  # recordings and papers are no other account's of this machine
    status = run(arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output went away; Python would complain once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def run(arguments: Sequence[str]) -> int:
    """Run the command line and give its exit status; bad input never ends in a traceback."""
    try:
        status = thirdring.main(list(arguments), prog_name="thirdring", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except ThirdringError as error:
        return _tell(error, as_json="--json" in arguments)
    except click.UsageError as error:
        tell(say("cli.usage", reason=error.format_message()))
        return WRONG_USAGE
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        return 0
    except OSError as error:
        tell(say("cli.disk", reason=f"{error.strerror or error}: {error.filename or ''}"))
        return ENVIRONMENT_FAILED
    except Exception:
        # A bug of ours. Python's own status, 1, would say "below the standard".
        tell(masked(traceback.format_exc()))
        tell(say("cli.bug"))
        return ENVIRONMENT_FAILED


def _tell(error: ThirdringError, *, as_json: bool) -> int:
    if as_json:
        click.echo(plain_json(error.to_dict()))
    tell(error.sentence())
    return error.exit_status
