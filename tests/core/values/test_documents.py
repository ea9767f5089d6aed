"""JSON and YAML texts give a value of limited size or one error, for any content and quickly."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings, strategies as st

from airflow_sagemaker_automl.core.jobs.request_file import SUFFIXES, parse_mapping
from airflow_sagemaker_automl.core.values.documents import (
    MOST_BYTES,
    MOST_VALUES,
    Unreadable,
    as_text,
    parse_json,
    parse_yaml,
    read_file,
)

# Reading takes linear time; this allows for a busy machine, and is far less than a YAML bomb would take.
_SOON_SECONDS = 60


def _refused(read: Callable[[str], Any], text: str) -> str:
    started = time.process_time()
    with pytest.raises(Unreadable) as refused:
        read(text)
    assert time.process_time() - started < _SOON_SECONDS
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
_MERGED = "a: &a {k: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{','.join(['*' + before] * 9)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
_CHAIN = "a0: &a0 [x]\n" + "".join(f"a{number}: &a{number} [*a{number - 1}]\n" for number in range(1, 60))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("day: 2024-02-31", "is not valid YAML: line 1: '2024-02-31' is not a valid timestamp"),
        ("a: 1\nb: !!timestamp x", "is not valid YAML: line 2: 'x' is not a valid timestamp"),
        ("a: !!int x", "is not valid YAML: line 1: 'x' is not a valid int"),
        ("a: !!int ''", "is not valid YAML: line 1: '' is not a valid int"),
        ("a: !!float x", "is not valid YAML: line 1: 'x' is not a valid float"),
        ("a: !!bool x", "is not valid YAML: line 1: 'x' is not a valid bool"),
        ('a: "\\UFFFFFFFF"', "is not valid YAML: "),
        (f"%YAML 1.{'1' * 5000}\n---\na: 1", "is not valid YAML: "),
        ("a: !!python/object:os.system x", "is not valid YAML: could not determine a constructor"),
        ("? [a]\n: b", "is not valid YAML: while constructing a mapping"),
        (f"a: {'1' * 5000}", "is not valid YAML: line 1: "),
        (f"a: 0x{'f' * 5000}", "has a number with more than 100 digits"),
        (f"a: 1{':59' * 3000}", "has a number with more than 100 digits"),
        ("[" * 60 + "]" * 60, "is nested too deep: more than 50 levels"),
        ("[" * 500_000, "is nested too deep: more than 50 levels"),
        ("- " * 500_000, "is nested too deep: more than 50 levels"),
        ("&a [*a]", "contains itself: line 1: an alias inside it refers to it"),
        ("a: &a {b: *a}", "contains itself"),
        (_BOMB, "has more than 50000 keys and values; an alias counts as all the values that it repeats"),
        (_MERGED, "has more than 50000 keys and values"),
        (_CHAIN, "is nested too deep: more than 50 levels"),
        ("a: [" + "x," * MOST_VALUES + "]", "has more than 50000 keys and values"),
        ("a: 1\na: 2", "is ambiguous: line 1: the key 'a' appears 2 times"),
        ("a: x\0", "is not valid YAML: unacceptable character"),
        ("a: " + "x" * MOST_BYTES, "is too large: it has more than 1024 KiB"),
        ("a: [\u202e", "is not valid YAML"),
    ],
)
def test_a_text_of_yaml_that_cannot_be_read_is_one_error(text: str, words: str) -> None:
    """Invalid values, bombs, depth, size and ambiguity each have their own message."""
    assert words in _refused(parse_yaml, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "is nested too deep: more than 50 levels"),
        ("[" * 60 + "]" * 60, "is nested too deep: more than 50 levels"),
        ('{"a":' * 100_000, "is nested too deep: more than 50 levels"),
        (f'{{"a": {"1" * 5000}}}', "has a number with more than 100 digits"),
        ('{"a": 1, "a": 2}', "is ambiguous: the key 'a' appears 2 times"),
        (f"[{'1,' * MOST_VALUES}1]", "has more than 50000 keys and values"),
        (f'"{"x" * MOST_BYTES}"', "is too large: it has more than 1024 KiB"),
        (f'"{"ü" * (MOST_BYTES // 2)}"', "is too large: it has more than 1024 KiB"),
        ("{", "is not valid JSON: "),
        ("", "is not valid JSON: "),
        ("'a'", "is not valid JSON: "),
    ],
)
def test_a_text_of_json_that_cannot_be_read_is_one_error(text: str, words: str) -> None:
    """JSON has the same limits."""
    assert _refused(parse_json, text).startswith(words)


def test_many_keys_are_read_in_one_pass() -> None:
    """Duplicate keys are detected in linear time."""
    keys = [f"key{number}" for number in range(20_000)]
    started = time.process_time()
    assert list(parse_yaml("".join(f"{key}: 1\n" for key in keys))) == keys
    assert list(parse_json(json.dumps(dict.fromkeys(keys, 1)))) == keys
    assert time.process_time() - started < _SOON_SECONDS


@pytest.mark.parametrize("opening", ["{{", "{%", "{#", "{", "{{ a }} {{"])
def test_openings_of_templates_are_found_in_one_pass(opening: str) -> None:
    """Unclosed template openings are found in linear time."""
    started = time.process_time()
    with pytest.raises(Unreadable):
        parse_mapping(f"a: '{opening * 200_000}'\nb: [", ".yaml", of="members", rendered=False)
    assert time.process_time() - started < _SOON_SECONDS


def test_what_looks_like_a_placeholder_is_a_text() -> None:
    """A placeholder-like text in a file that is rendered later is unchanged."""
    text = "a: JinjaExpression7Here {{ x }}\nb: JinjaExpressionX0Here\nc: {{ y }}\nd: '{% if a %}e{% endif %}'"
    assert parse_mapping(text, ".yaml", of="members", rendered=False) == {
        "a": "JinjaExpression7Here {{ x }}",
        "b": "JinjaExpressionX0Here",
        "c": "{{ y }}",
        "d": "e",
    }


def test_aliases_are_what_they_stand_for() -> None:
    """Anchors, aliases and merges of normal size are resolved as in YAML."""
    text = "base: &base {a: 1, b: 2}\nmore: {<<: *base, b: 3}\nboth: [*base, *base]"
    base = {"a": 1, "b": 2}
    assert parse_yaml(text) == {"base": base, "more": {"a": 1, "b": 3}, "both": [base, base]}


_ODD = st.text(max_size=60) | st.text(alphabet="[]{}:,-?&*!#|>%@`'\"<= \n\tab01eE.xX_\\uU~", max_size=80)
_TAGS = st.sampled_from(["int", "float", "bool", "null", "timestamp", "binary", "set", "omap", "pairs", "map", "seq"])


@st.composite
def _tagged(draw: st.DrawFn) -> str:
    return f"a: !!{draw(_TAGS)} {draw(_ODD)}"


@settings(max_examples=1500)
@given(_ODD | _tagged(), st.sampled_from(SUFFIXES), st.booleans())
@example("a: 0000-00-00", ".yaml", True)
@example("a: 2024-01-01T99:00:00Z", ".yaml", True)
@example("a: 9999-12-31T23:59:59-12:00", ".yaml", True)
@example("a: 0b", ".yaml", True)
@example("a: 0x_", ".yaml", True)
@example("a: !!binary ü", ".yaml", True)
@example("? {a: b}\n: c", ".yaml", True)
@example('{"a": 1e999}', ".json", True)
def test_nothing_but_the_one_error_escapes(text: str, suffix: str, rendered: bool) -> None:
    """Any text, as JSON or YAML, rendered or not, is a mapping or is refused with this error."""
    with suppress(Unreadable):
        assert isinstance(parse_mapping(text, suffix, of="members", rendered=rendered), dict)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_text_or_are_refused(content: bytes) -> None:
    """A file with any content is read as text or refused."""
    with suppress(Unreadable):
        assert isinstance(as_text(content), str)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**50), 10**50) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@given(_VALUES)
def test_what_other_writers_have_written_is_read_as_it_was(value: Any) -> None:
    """The limits do not affect normal documents."""
    assert parse_json(json.dumps(value)) == value
    assert parse_yaml(yaml.safe_dump(value)) == value


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """A pipe or a device is not read, and the error says what it is."""
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "link.yaml").symlink_to(tmp_path / "pipe.yaml")
    for name, words in {
        "pipe.yaml": "is a pipe, not a regular file",
        "link.yaml": "is a pipe, not a regular file",
        "folder.yaml": "is a directory; pass the files in it",
        "/dev/zero": "is not a regular file",
        "a\0.yaml": "is not a valid file path: it has a null character",
    }.items():
        with pytest.raises(Unreadable, match=words):
            read_file(tmp_path / name)


def test_a_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    """A file of the maximum size is read completely; a larger one is not read beyond the limit."""
    path = tmp_path / "request.yaml"
    path.write_bytes(b"x" * MOST_BYTES)
    assert len(read_file(path)) == MOST_BYTES
    with path.open("ab") as file:
        file.truncate(MOST_BYTES * 1000)
    with pytest.raises(Unreadable, match="is too large: it has more than 1024 KiB"):
        read_file(path)
