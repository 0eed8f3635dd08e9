"""What can be wrong with what the rubric is given.

    RubricError
      FormError      a form file: file, place, key, what is allowed
      FactsError     the measurements handed in: place, key, what is allowed
      AnswersError   a tester's answers: every impossible or unknown one, listed at once

`str(error)` is the sentence in zh-TW, `error.en` the same in English; `problems` holds each fault by itself.
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rubric.words import Phrase, phrase


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where."""

    phrase: Phrase
    """What is wrong, sayable in both languages."""
    item: str | None = None
    """The item it concerns, if it concerns one."""

    @property
    def key(self) -> str:
        """The sentence's key in the word list."""
        return self.phrase.key

    @property
    def values(self) -> dict[str, Any]:
        """What fills the sentence."""
        return dict(self.phrase.values)

    def say(self, lang: str = "zh") -> str:
        """The sentence in `lang`."""
        return self.phrase.say(lang)


def problem(key: str, *, item: str | None = None, **values: Any) -> Problem:
    """A `Problem` in the words of `key`; `item` also fills the sentence's {item}."""
    if item is not None:
        values["item"] = item
    return Problem(phrase=phrase(key, **values), item=item)


def allowed_keys(wrong: str, allowed: Iterable[str]) -> Phrase:
    """What may stand instead of `wrong`, the nearest name first if one is near."""
    names = sorted(allowed)
    near = difflib.get_close_matches(wrong, names, n=1)
    if near:
        return phrase("allowed.near", near=near[0], names=tuple(names))
    return phrase("allowed.names", names=tuple(names))


class RubricError(Exception):
    """Something handed to the rubric is wrong; each fault is in `problems`."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(one.say("zh") for one in self.problems))

    @property
    def en(self) -> str:
        """The same in English, one line a fault."""
        return "\n".join(one.say("en") for one in self.problems)

    @property
    def key(self) -> str:
        """The key of the first fault's sentence."""
        return self.problems[0].key

    @property
    def values(self) -> dict[str, Any]:
        """What fills the first fault's sentence."""
        return self.problems[0].values


class FormError(RubricError):
    """A form file that cannot be used."""


class FactsError(RubricError):
    """Measurements that are not of the agreed shape, or contradict themselves."""


class AnswersError(RubricError):
    """Answers that the form does not allow: all of them, not only the first."""
