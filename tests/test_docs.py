"""The documents are run: their commands exist, their options exist, both languages name the same ones."""

import re
from pathlib import Path

import click
import pytest

from harness.cli.program import run, thirdring
from harness.words import BOTH, use_language

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-TW.md")
REFERENCES = ("docs/commands.md", "docs/commands.zh-TW.md")
TEMPLATE = "harness/agency_template/README.md"
DOCUMENTS = (
    *READMES,
    *REFERENCES,
    TEMPLATE,
    "recordings/README.md",
    "scenarios/README.md",
    "harness/agency_template/scenarios/README.md",
)


@pytest.fixture(autouse=True)
def _both_languages():
    yield
    use_language(BOTH)


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def commands_in(name):
    """Every `thirdring …` of a document's code, without its comment."""
    code = re.findall(r"^(?: {4,}|```\w*\n)?(thirdring [^\n`#]*)", text_of(name), flags=re.MULTILINE)
    return [line.split() for line in code + re.findall(r"`(thirdring [^`]+)`", text_of(name))]


def subcommand(words):
    """Follow the words down to the command that they name."""
    command, rest = thirdring, words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"no such command: {' '.join(words)}"
        command, rest = command.commands[rest[0]], rest[1:]
    return command, rest


def every_command(command=thirdring, path=()):
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from every_command(child, (*path, name))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_documents_commands_and_options_exist(name):
    found = commands_in(name)
    assert found
    for words in found:
        command, rest = subcommand(words)
        options = {option for param in command.params for option in (*param.opts, "--help")}
        assert [one for one in rest if one.startswith("-") and one not in options] == []


def test_every_command_is_in_both_references():
    names = {name for name, _ in thirdring.commands.items()}
    for reference in REFERENCES:
        assert {words[1] for words in commands_in(reference)} == names, reference


@pytest.mark.parametrize("pair", [READMES, REFERENCES], ids=("readmes", "references"))
def test_both_languages_name_the_same_commands(pair):
    first, second = (sorted(words[:3] for words in commands_in(name)) for name in pair)
    assert first == second


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_documents_links_lead_somewhere(name):
    links = re.findall(r"\]\(([^)#]+)\)", text_of(name))
    assert [one for one in links if "://" not in one and not (ROOT / name).parent.joinpath(one).exists()] == []


def test_the_readmes_stay_short():
    assert [name for name in READMES if len(text_of(name).splitlines()) > 110] == []


def test_both_readmes_name_the_same_files_and_make_targets():
    def targets(name):
        return sorted(re.findall(r"make (\w+)", text_of(name)))

    assert targets(READMES[0]) == targets(READMES[1])
    makefile = text_of("Makefile")
    assert [one for one in targets(READMES[0]) if f"\n{one}:" not in makefile] == []


@pytest.mark.parametrize("path", [path for path, _ in every_command()], ids="-".join)
def test_every_command_explains_itself_in_both_languages(path, capsys):
    assert run([*path, "--help"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"[\u4e00-\u9fff]", told)
    assert re.search(r"[A-Z][a-z]+ [a-z]+", told)


@pytest.mark.parametrize("path", [path for path, _ in every_command()], ids="-".join)
def test_every_option_has_help(path):
    command = dict(every_command())[path]
    options = [param for param in command.params if isinstance(param, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_the_exit_statuses_of_the_reference_are_those_of_the_errors():
    from harness import errors

    told = text_of("docs/commands.md").split("Exit status:")[1]
    assert re.findall(r"(\d) [a-z]", told.replace("\n", " "))[:5] == ["0", "1", "2", "3", "4"]
    names = ("DONE", "BELOW_STANDARD", "WRONG_USAGE", "ENVIRONMENT_FAILED", "REFUSED")
    assert [getattr(errors, name) for name in names] == [0, 1, 2, 3, 4]


def test_every_scenario_and_every_step_is_documented():
    from harness import scenario

    text = text_of("scenarios/README.md")
    assert [name for name in scenario.scenario_names() if f"`{name}.toml`" not in text] == []
    for step in scenario.STEPS:
        keys = [step.model_fields["do"].default, *(name for name in step.model_fields if name != "do")]
        assert [key for key in keys if f"`{key}`" not in text] == []


def test_the_template_documents_every_column_and_every_key():
    from harness.agency import Caps, HoursSettings, Settings, Site
    from harness.directory import COLUMNS
    from harness.lines import LineSettings

    readme, settings = text_of(TEMPLATE), text_of("harness/agency_template/agency.toml")
    assert [column for column in COLUMNS if f"`{column}`" not in readme] == []
    keys = {name.rstrip("_") for model in (Caps, HoursSettings, Site, LineSettings) for name in model.model_fields}
    keys |= set(Settings.model_fields) - {"max_calls_at_once"}
    unsaid = {"bind", "proxy"}  # for the PBX's specialist; the schema has them
    assert sorted(key for key in keys - unsaid if not re.search(rf"\b{key}\b", settings)) == []


@pytest.mark.parametrize("name", ["SECURITY.md", "docs/threat-model.md", "docs/operation.md", "docs/asvs.md"])
def test_what_is_promised_of_security_is_tested_where_it_says(name):
    text = text_of(name)
    files = set(re.findall(r"`(?:tests/)?(test_\w+\.py)", text))
    assert sorted(one for one in files if not (ROOT / "tests" / one).is_file()) == []
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert [one for one in links if "://" not in one and not (ROOT / name).parent.joinpath(one).exists()] == []


def test_the_threat_model_is_one_page():
    assert len(text_of("docs/threat-model.md").split()) < 900
