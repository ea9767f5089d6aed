"""Match the service model's patterns, and describe them in words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_NAME = "letters, digits and hyphens, with no hyphen at either end"
_KNOWN: Mapping[str, str] = {
    r"(https|s3)://([^/]+)/?(.*)": "must be an S3 URI: s3://bucket/prefix",
    r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+": (
        "must be the ARN of a role: arn:aws:iam::123456789012:role/name"
    ),
    r"arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]{9,16}:[0-9]{12}:model-package/[\S]{1,2048}": (
        "must be the ARN of a model package: arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3"
    ),
    r"(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:[a-z\-]*\/)?([a-zA-Z0-9]([a-zA-Z0-9-]){0,62})(?<!-)": (
        f"must be a name of 1 to 63 {_NAME}, or an ARN that ends in one"
    ),
    r"[a-zA-Z0-9](-*[a-zA-Z0-9])*": f"must have {_NAME}",
    r"[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*": f"must have {_NAME}, and no two hyphens in a row",
    r"[a-zA-Z_][a-zA-Z0-9_]*": "must have letters, digits and _, and not start with a digit",
    r"[a-zA-Z_][a-zA-Z0-9_]{0,1023}": "must have 1 to 1024 letters, digits and _, and not start with a digit",
    r"1Y|Y|([1-9]|1[0-1])M|M|[1-4]W|W|[1-6]D|D|([1-9]|1[0-9]|2[0-3])H|H|([1-9]|[1-5][0-9])min": (
        "must be 1Y, 1 to 11 M, 1 to 4 W, 1 to 6 D, 1 to 23 H, or 1 to 59 min, for example 1D or 15min"
    ),
    r"(^p[1-9]\d?$)": "must be from p1 to p99",
    r"[A-Z]{2}": "must be a country code of two uppercase letters, for example DE",
    r"[Ss][Hh][Aa]256:[0-9a-fA-F]{64}": "must be a SHA-256 digest: sha256: and 64 hexadecimal digits",
    r"\d{1,4}.\d{1,4}.\d{1,4}": "must be a version of three numbers, for example 1.0.0",
    r"[0-9]\.[A-Za-z0-9.-]+": "must be a version that starts with a digit and a dot, for example 1.2",
    r"[-\w]+\/.+": "must be a MIME type, for example text/csv",
    r"[\S]+": "must have no spaces",
    r".*": "must be on one line",
    r".{0,1024}": "must be on one line, of at most 1024 characters",
}
_LIMITED_NAME = re.compile(re.escape("[a-zA-Z0-9](-*[a-zA-Z0-9]){0,") + r"(\d+)\}")
# One class of characters, any number of times: the form of most patterns.
_CLASS = re.compile(r"\(?\[((?:\\.|[^\]\\^])(?:\\.|[^\]\\])*)\](?:\*|\+|\{\d*,?\d*\})\)?(?:\$\{\d+,\d+\})?")
_ITEM = re.compile(r"\\p\{(\w)\}|(?:\\(.)|([^\\]))(?:-(?:\\(.)|([^\\])))?")
_RANGES = {"a-z": "letters", "A-Z": "letters", "0-9": "digits"}
_CATEGORIES = {
    "L": "letters",
    "M": "accents",
    "N": "digits",
    "Z": "spaces",
    "P": "punctuation",
    "S": "symbols such as = + $ < > | ~",
}
_IN_ORDER = list(_CATEGORIES.values())
_ASCII = "".join(map(chr, range(32, 127)))
_OF_ASCII = {kind: "".join(c for c in _ASCII if unicodedata.category(c)[0] == kind) for kind in _CATEGORIES}
_PROPERTY = re.compile(r"\\p\{(\w)\}")


def fits(pattern: str, value: str) -> bool:
    """Match a string with a pattern as the service does, with Unicode's categories."""
    if value.isascii():
        try:
            return re.fullmatch(_PROPERTY.sub(_in_ascii, pattern), value) is not None
        except re.error:
            # A quantifier of an anchor, for example.
            pass
    import regex

    return regex.fullmatch(pattern, value) is not None


def without_outer_group(pattern: str) -> str:
    """Leave out parentheses around a whole pattern: some versions of botocore have them, and others do not."""
    inner = pattern[1:-1]
    if f"({inner})" != pattern or pattern.startswith("(?"):
        return pattern
    depth = 0
    for character in re.sub(r"\\.|\[[^\]]*\]", "", inner):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return pattern
    return inner


def in_words(pattern: str) -> str:
    """Describe a pattern, as the rest of a sentence that begins with the member."""
    if known := _KNOWN.get(pattern) or _KNOWN.get(without_outer_group(pattern)):
        return known
    if limited := _LIMITED_NAME.fullmatch(pattern):
        return f"must have 1 to {int(limited[1]) + 1} {_NAME}"
    if characters := _class_in_words(pattern):
        return f"must have only {characters}"
    return f"must match the pattern {pattern}"


def _in_ascii(found: re.Match[str]) -> str:
    """Write a category of Unicode as its characters in ASCII, within a class."""
    return re.escape(_OF_ASCII.get(found[1], ""))


def _class_in_words(pattern: str) -> str | None:
    found = _CLASS.fullmatch(pattern)
    if not found:
        return None
    kinds: list[str] = []
    signs: list[str] = []
    for category, escape, plain, last_escape, last_plain in _ITEM.findall(found[1]):
        first, last = escape or plain, last_escape or last_plain
        if category in _CATEGORIES:
            kinds.append(_CATEGORIES[category])
        elif category or escape.isalnum() or (last and f"{first}-{last}" not in _RANGES):
            return None
        elif last:
            kinds.append(_RANGES[f"{first}-{last}"])
        else:
            signs.append(first)
    words = sorted(set(kinds), key=_IN_ORDER.index)
    if ("a-z" in found[1]) != ("A-Z" in found[1]):
        words[0] = f"{'lowercase' if 'a-z' in found[1] else 'uppercase'} {words[0]}"
    if signs:
        words.append(" ".join(dict.fromkeys(signs)))
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
