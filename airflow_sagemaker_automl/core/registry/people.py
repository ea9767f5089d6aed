"""Formats Airflow users and AWS identities so that a display name cannot imitate other text.

Users choose their display names. Therefore a name never comes first, is put in quotation marks, and cannot contain any.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from airflow_sagemaker_automl.core.values.literals import at

_LONGEST_ID = 100
_LONGEST_NAME = 80
_LONGEST_IDENTITY = 300
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
# All characters that are, or look like, a double quotation mark.
_QUOTES = re.compile(
    '["\u00ab\u00bb\u02ba\u02dd\u02ee\u201c-\u201f\u2033\u2034\u2036\u2037\u275d\u275e\u2e42\u301d-\u301f\uff02'
    "\U0001f676-\U0001f678]"
)
_PLAIN_ID = re.compile(r"[\w.@+=:,/|\\~-]+")
# "by default" means that nobody has answered.
_TAKEN = frozenset({"default"})
# Line breaks and control characters separate words; invisible characters and direction marks do not.
_SEPARATING = frozenset({"Cc", "Zl", "Zp", "Zs"})
_UNSEEN = frozenset({"Cf", "Cs", "Co"})
# Some languages and emoji need them.
_JOINERS = frozenset("\u200c\u200d")


def visible(value: Any, longest: int) -> str:
    """Write a text on one line, without invisible characters, and cut it.

    :param value: any value; anything but a text counts as an empty one.
    :param longest: limit in UTF-16 code units, of which a text has at least as many as characters.
    """
    words = " ".join("".join(map(_seen, value if isinstance(value, str) else "")).split())
    if units(words) <= longest:
        return words
    while units(words) >= longest:
        words = words[: -max(1, (units(words) - longest) // 2)]
    return words + _ELLIPSIS


def quoted(value: Any, longest: int = _LONGEST_NAME) -> str:
    """Put a text in double quotation marks; those inside it become single ones."""
    return f'"{visible(_QUOTES.sub(chr(39), value if isinstance(value, str) else ""), longest)}"'


def identifier(value: Any, longest: int = _LONGEST_ID) -> str:
    """Write an identifier; it is quoted if it contains spaces or other characters of sentences."""
    words = visible(value, longest)
    is_plain = _PLAIN_ID.fullmatch(words) and not _QUOTES.search(words) and words.casefold() not in _TAKEN
    return words if is_plain else quoted(words, longest)


def airflow_user(user: Any) -> str | None:
    """Name an Airflow user, the id first, for example ``7 ("Ada Lovelace")``.

    :param user: ``{"id": …, "name": …}``, unchecked.
    :return: None if the user is unknown.
    """
    key, name = (visible(at(user, member), _LONGEST_ID) for member in ("id", "name"))
    if not key:
        return quoted(name) if name else None
    return f"{identifier(key)} ({quoted(name)})" if name and name != key else identifier(key)


def aws_identity(context: Any) -> str | None:
    """Name a caller of SageMaker, the ARN first, for example ``arn:aws:… (Studio user profile "ada", domain d-1)``.

    :param context: ``UserContext``, as in ``LastModifiedBy``, unchecked.
    :return: None if the caller is unknown.
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
    """Count UTF-16 code units: the service's limits may mean these or characters, and these are more."""
    return len(words.encode("utf-16-le", "surrogatepass")) // 2


def _seen(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in _SEPARATING:
        return " "
    return "" if kind in _UNSEEN and character not in _JOINERS else character
