"""Texts of JSON and YAML end in a value of bounded size or in one error, whatever stands in them, and soon."""

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
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_sagemaker_automl.core.documents import (
    MOST_BYTES,
    MOST_VALUES,
    Unreadable,
    as_text,
    parse_json,
    parse_yaml,
    read_file,
)
from airflow_sagemaker_automl.core.request_file import SUFFIXES, parse_mapping

# Reading is linear; this is what a loaded machine may take, and far from what a bomb would.
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
        ("day: 2024-02-31", "is no valid YAML: line 1: '2024-02-31' is no timestamp"),
        ("a: 1\nb: !!timestamp x", "is no valid YAML: line 2: 'x' is no timestamp"),
        ("a: !!int x", "is no valid YAML: line 1: 'x' is no int"),
        ("a: !!int ''", "is no valid YAML: line 1: '' is no int"),
        ("a: !!float x", "is no valid YAML: line 1: 'x' is no float"),
        ("a: !!bool x", "is no valid YAML: line 1: 'x' is no bool"),
        ('a: "\\UFFFFFFFF"', "is no valid YAML: "),
        (f"%YAML 1.{'1' * 5000}\n---\na: 1", "is no valid YAML: "),
        ("a: !!python/object:os.system x", "is no valid YAML: could not determine a constructor"),
        ("? [a]\n: b", "is no valid YAML: while constructing a mapping"),
        (f"a: {'1' * 5000}", "is no valid YAML: line 1: "),
        (f"a: 0x{'f' * 5000}", "has a number of more than 100 digits"),
        (f"a: 1{':59' * 3000}", "has a number of more than 100 digits"),
        ("[" * 60 + "]" * 60, "is nested too deep: more than 50 levels"),
        ("[" * 500_000, "is nested too deep: more than 50 levels"),
        ("- " * 500_000, "is nested too deep: more than 50 levels"),
        ("&a [*a]", "holds itself: line 1: an alias within it names it"),
        ("a: &a {b: *a}", "holds itself"),
        (_BOMB, "holds more than 50000 keys and values; an alias counts as all that it stands for"),
        (_MERGED, "holds more than 50000 keys and values"),
        (_CHAIN, "is nested too deep: more than 50 levels"),
        ("a: [" + "x," * MOST_VALUES + "]", "holds more than 50000 keys and values"),
        ("a: 1\na: 2", "is ambiguous: line 1: the key 'a' stands there 2 times"),
        ("a: x\0", "is no valid YAML: unacceptable character"),
        ("a: " + "x" * MOST_BYTES, "is too large: it has more than 1024 KiB"),
        ("a: [\u202e", "is no valid YAML"),
    ],
)
def test_a_text_of_yaml_that_cannot_be_read_is_one_error(text: str, words: str) -> None:
    """Values that are none, bombs, depth, size and ambiguity, each in a sentence of its own."""
    assert words in _refused(parse_yaml, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "is nested too deep: more than 50 levels"),
        ("[" * 60 + "]" * 60, "is nested too deep: more than 50 levels"),
        ('{"a":' * 100_000, "is nested too deep: more than 50 levels"),
        (f'{{"a": {"1" * 5000}}}', "has a number of more than 100 digits"),
        ('{"a": 1, "a": 2}', "is ambiguous: the key 'a' stands there 2 times"),
        (f"[{'1,' * MOST_VALUES}1]", "holds more than 50000 keys and values"),
        (f'"{"x" * MOST_BYTES}"', "is too large: it has more than 1024 KiB"),
        (f'"{"ü" * (MOST_BYTES // 2)}"', "is too large: it has more than 1024 KiB"),
        ("{", "is no valid JSON: "),
        ("", "is no valid JSON: "),
        ("'a'", "is no valid JSON: "),
    ],
)
def test_a_text_of_json_that_cannot_be_read_is_one_error(text: str, words: str) -> None:
    """The same limits, in the other language."""
    assert _refused(parse_json, text).startswith(words)


def test_many_keys_are_read_in_one_pass() -> None:
    """Whether a key stands twice is not looked for once for each key."""
    keys = [f"key{number}" for number in range(20_000)]
    started = time.process_time()
    assert list(parse_yaml("".join(f"{key}: 1\n" for key in keys))) == keys
    assert list(parse_json(json.dumps(dict.fromkeys(keys, 1)))) == keys
    assert time.process_time() - started < _SOON_SECONDS


@pytest.mark.parametrize("opening", ["{{", "{%", "{#", "{", "{{ a }} {{"])
def test_openings_of_templates_are_found_in_one_pass(opening: str) -> None:
    """A text of openings that nothing closes is no reason to look for their ends again and again."""
    started = time.process_time()
    with pytest.raises(Unreadable):
        parse_mapping(f"a: '{opening * 200_000}'\nb: [", ".yaml", of="members", rendered=False)
    assert time.process_time() - started < _SOON_SECONDS


def test_what_looks_like_a_placeholder_is_a_text() -> None:
    """Whatever stands in a file that is still to be rendered comes out as it is."""
    text = "a: JinjaExpression7Here {{ x }}\nb: JinjaExpressionX0Here\nc: {{ y }}\nd: '{% if a %}e{% endif %}'"
    assert parse_mapping(text, ".yaml", of="members", rendered=False) == {
        "a": "JinjaExpression7Here {{ x }}",
        "b": "JinjaExpressionX0Here",
        "c": "{{ y }}",
        "d": "e",
    }


def test_aliases_are_what_they_stand_for() -> None:
    """Anchors, aliases and merges of ordinary size are read as YAML means them."""
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
    """Any text, as either language, rendered or not, is a mapping or is refused."""
    with suppress(Unreadable):
        assert isinstance(parse_mapping(text, suffix, of="members", rendered=rendered), dict)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_text_or_are_refused(content: bytes) -> None:
    """A file may hold anything."""
    with suppress(Unreadable):
        assert isinstance(as_text(content), str)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**50), 10**50) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@given(_VALUES)
def test_what_other_writers_have_written_is_read_as_it_was(value: Any) -> None:
    """The limits take nothing away from ordinary documents."""
    assert parse_json(json.dumps(value)) == value
    assert parse_yaml(yaml.safe_dump(value)) == value


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """A pipe is not waited for, a device is not read, and the error says what it is."""
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "link.yaml").symlink_to(tmp_path / "pipe.yaml")
    for name, words in {
        "pipe.yaml": "is a pipe, not a regular file",
        "link.yaml": "is a pipe, not a regular file",
        "folder.yaml": "is a directory; name the files in it",
        "/dev/zero": "is no regular file",
        "a\0.yaml": "cannot be the path of a file: it has a null character",
    }.items():
        with pytest.raises(Unreadable, match=words):
            read_file(tmp_path / name)


def test_a_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    """A file of the largest size is read whole; of a larger one no more than is needed to know."""
    path = tmp_path / "request.yaml"
    path.write_bytes(b"x" * MOST_BYTES)
    assert len(read_file(path)) == MOST_BYTES
    with path.open("ab") as file:
        file.truncate(MOST_BYTES * 1000)
    with pytest.raises(Unreadable, match="is too large: it has more than 1024 KiB"):
        read_file(path)
