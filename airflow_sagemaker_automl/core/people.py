"""Who has decided: users of Airflow and identities of AWS, written so that no name passes for anything else.

People choose their display names. A name is therefore never the first that is said of a person, stands in quotation
marks, and has none in it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from airflow_sagemaker_automl.core.literals import at

_LONGEST_ID = 100
_LONGEST_NAME = 80
_LONGEST_IDENTITY = 300
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
# All that is, or looks like, a double quotation mark.
_QUOTES = re.compile(
    '["\u00ab\u00bb\u02ba\u02dd\u02ee\u201c-\u201f\u2033\u2034\u2036\u2037\u275d\u275e\u2e42\u301d-\u301f\uff02'
    "\U0001f676-\U0001f678]"
)
_PLAIN_ID = re.compile(r"[\w.@+=:,/|\\~-]+")
# "by default" is what is written where nobody has answered.
_TAKEN = frozenset({"default"})
# Line breaks and control characters separate words; what cannot be seen, or turns the direction of text, does not.
_SEPARATING = frozenset({"Cc", "Zl", "Zp", "Zs"})
_UNSEEN = frozenset({"Cf", "Cs", "Co"})
# Words of some languages, and some emoji, are not the same without them.
_JOINERS = frozenset("\u200c\u200d")


def visible(value: Any, longest: int) -> str:
    """Write a text on one line, without characters that cannot be seen, and cut it.

    :param value: anything; what is no text counts as an empty one.
    :param longest: in UTF-16 code units, which are never fewer than the characters.
    """
    words = " ".join("".join(map(_seen, value if isinstance(value, str) else "")).split())
    if units(words) <= longest:
        return words
    while units(words) >= longest:
        words = words[: -max(1, (units(words) - longest) // 2)]
    return words + _ELLIPSIS


def quoted(value: Any, longest: int = _LONGEST_NAME) -> str:
    """Write a text between double quotation marks; those inside it become single ones."""
    return f'"{visible(_QUOTES.sub(chr(39), value if isinstance(value, str) else ""), longest)}"'


def identifier(value: Any, longest: int = _LONGEST_ID) -> str:
    """Write an identifier as it is; one with spaces, or anything else that a sentence has, is quoted."""
    words = visible(value, longest)
    is_plain = _PLAIN_ID.fullmatch(words) and not _QUOTES.search(words) and words.casefold() not in _TAKEN
    return words if is_plain else quoted(words, longest)


def airflow_user(user: Any) -> str | None:
    """Name a user of Airflow, the id first, such as ``7 ("Ada Lovelace")``.

    :param user: ``{"id": …, "name": …}``, unchecked.
    :return: None where nothing of the user is known.
    """
    key, name = (visible(at(user, member), _LONGEST_ID) for member in ("id", "name"))
    if not key:
        return quoted(name) if name else None
    return f"{identifier(key)} ({quoted(name)})" if name and name != key else identifier(key)


def aws_identity(context: Any) -> str | None:
    """Name who has called SageMaker, the ARN first, such as ``arn:aws:… (Studio user profile "ada", domain d-1)``.

    :param context: ``UserContext``, as in ``LastModifiedBy``, unchecked.
    :return: None where nothing is known.
    """
    arn, principal, source = (
        visible(at(context, "IamIdentity", member), _LONGEST_IDENTITY)
        for member in ("Arn", "PrincipalId", "SourceIdentity")
    )
    profile, domain = (visible(at(context, member), _LONGEST_ID) for member in ("UserProfileName", "DomainId"))
    more = [f"Studio user profile {quoted(profile)}"] if profile else []
    more += [f"domain {identifier(domain)}"] if profile and domain else []
    more += [f"source identity {quoted(source)}"] if source else []
    if not (key := arn or principal):
        return ", ".join(more) or None
    return identifier(key, _LONGEST_IDENTITY) + (f" ({', '.join(more)})" if more else "")


def units(words: str) -> int:
    """Count UTF-16 code units, the larger of the two counts that a limit of the service may mean."""
    return len(words.encode("utf-16-le", "surrogatepass")) // 2


def _seen(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in _SEPARATING:
        return " "
    return "" if kind in _UNSEEN and character not in _JOINERS else character
