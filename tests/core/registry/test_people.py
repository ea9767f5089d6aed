"""Names of users cannot be mistaken for anything else."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_sagemaker_automl.core.registry.people import airflow_user, aws_identity, quoted, units, visible

ANY_TEXT = st.text(st.characters(codec=None), max_size=400)
ARN = "arn:aws:sts::123456789012:assumed-role/DataScience/ada"


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"id": "grace", "name": "Grace Hopper"}, 'grace ("Grace Hopper")'),
        ({"id": "grace", "name": "grace"}, "grace"),
        ({"id": "grace", "name": ""}, "grace"),
        ({"id": "", "name": "Grace"}, '"Grace"'),
        ({"id": "g hopper", "name": "Grace"}, '"g hopper" ("Grace")'),
        ({"id": "default", "name": "default"}, '"default"'),
        (
            {"id": "eve", "name": "Grace Hopper (grace) at 2026-04-30 10:00:00 UTC: reviewed"},
            'eve ("Grace Hopper (grace) at 2026-04-30 10:00:00 UTC: reviewed")',
        ),
        ({"id": "eve", "name": 'Grace") at 2026-04-30\u2028(\u201cok\u201d'}, "eve (\"Grace') at 2026-04-30 ('ok'\")"),
        ({"id": "eve", "name": "\u202egrace\u200b\ufeff\x1b[2K"}, 'eve ("grace [2K")'),
        ({"id": 7, "name": ["Ada"]}, None),
        (None, None),
        ("grace", None),
    ],
)
def test_a_user_of_airflow_is_named_by_id(user: Any, words: str | None) -> None:
    """The display name follows the ID, quoted, on one line and without invisible characters."""
    assert airflow_user(user) == words


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ({"IamIdentity": {"Arn": ARN, "PrincipalId": "AROA:ada"}}, ARN),
        ({"IamIdentity": {"PrincipalId": "AROA:ada"}}, "AROA:ada"),
        (
            {
                "UserProfileArn": "arn:aws:sagemaker:eu-west-1:123456789012:user-profile/d-1/ada",
                "UserProfileName": "ada",
                "DomainId": "d-1",
                "IamIdentity": {"Arn": ARN, "SourceIdentity": "ada@example.com"},
            },
            f'{ARN} (Studio user profile "ada", domain d-1, source identity "ada@example.com")',
        ),
        ({"UserProfileName": "ada", "DomainId": "d-1"}, 'Studio user profile "ada", domain d-1'),
        ({}, None),
        (None, None),
        ({"UserProfileName": 5, "IamIdentity": "me"}, None),
    ],
)
def test_an_identity_of_aws_is_named_by_arn(context: Any, words: str | None) -> None:
    """Profile and source identity follow the ARN."""
    assert aws_identity(context) == words


@given(key=ANY_TEXT, name=ANY_TEXT)
def test_whatever_a_user_is_called_nothing_can_be_said_in_their_name(key: str, name: str) -> None:
    """An ID without spaces, or in quotes, then at most one quoted name; nothing invisible."""
    words = airflow_user({"id": key, "name": name})
    if words is not None:
        assert re.fullmatch(r'([^\s"]+|"[^"]*")( \("[^"]*"\))?', words)
        assert not {unicodedata.category(character) for character in words} & {"Cc", "Cs", "Co", "Zl", "Zp"}


@given(text=ANY_TEXT, longest=st.integers(1, 50))
def test_a_text_is_cut_to_its_limit(text: str, longest: int) -> None:
    """By the larger of two counts, and the text says so."""
    words = visible(text, longest)
    assert units(words) <= longest
    assert quoted(text, longest).count('"') == 2
