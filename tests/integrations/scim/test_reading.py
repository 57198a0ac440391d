"""Lists, filters, pages, versions and what the directory can do."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from pytest_django import DjangoAssertNumQueries

from .directory import Directory, user_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('userName eq "ANA@example.org"', ["ana"]),
        ('USERNAME Eq "ana@example.org"', ["ana"]),
        ('externalId eq "7"', ["ana"]),
        ('externalId eq ""', []),
        ('emails eq "BEN@example.org"', ["ben"]),
        ('emails.value eq "ben@example.org"', ["ben"]),
        ('id eq "nonsense"', []),
        ('userName eq "ana@example.org" or userName eq "ben@example.org"', ["ana", "ben"]),
        ('userName eq "ana@example.org" and externalId eq "8"', []),
        ('(userName eq "ana@example.org" or externalId eq "8") and active eq true', ["ana"]),
        ("active eq false", ["ben"]),
        ("(" * 400 + 'externalId eq "7"' + ")" * 400, ["ana"]),
        ("userName eq 7", []),
        ("userName eq null", []),
    ],
)
def test_people_are_found_by_filters(directory: Directory, text: str, found: list[str]) -> None:
    directory.add("ana", externalId="7")
    directory.add("ben", externalId="8", active=False)
    assert directory.find("Users", text) == [f"{name}@example.org" for name in found]


def test_groups_are_found_by_filters(directory: Directory) -> None:
    group = directory.add_group("Cohort A", externalId="g")
    directory.add_group("Cohort B")
    for text in ('displayName eq "cohort a"', 'externalId eq "g"', f'id eq "{group["id"]}"'):
        assert directory.find("Groups", text) == ["Cohort A"]


@pytest.mark.parametrize(
    "text",
    [
        "userName",
        'userName eq "a',
        'userName sw "a"',
        "userName pr",
        'not (userName eq "a")',
        'password eq "a"',
        'emails[type eq "work"]',
        "(" * 500,
        'userName eq "a" or (' * 19 + "x" * 9,
        'id eq "' + "a" * 1000 + '"',
        " or ".join(['id eq "a"'] * 21),
        "'; drop table scim_directoryuser; --",
        "\ud7ff",
    ],
)
def test_a_filter_that_is_not_offered_is_refused(directory: Directory, text: str) -> None:
    for kind in ("Users", "Groups"):
        status, error = directory("GET", f"{kind}?filter={quote(text)}")
        assert (status, error["scimType"]) == (400, "invalidFilter")


def test_lists_come_in_pages(directory: Directory) -> None:
    for number in range(5):
        directory.add(f"p{number}")
    seen = []
    for start in (1, 3, 5):
        _status, page = directory("GET", f"Users?startIndex={start}&count=2")
        assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (5, start, len(page["Resources"]))
        seen += [one["userName"] for one in page["Resources"]]
    assert seen == [f"p{number}@example.org" for number in range(5)]
    assert directory("GET", "Users?count=0")[1]["Resources"] == []
    assert len(directory("GET", "Users?startIndex=-5&count=100000000000000000000")[1]["Resources"]) == 5
    assert directory("GET", f"Users?startIndex={10**30}")[1]["Resources"] == []
    status, error = directory("GET", "Users?count=many")
    assert (status, error["scimType"]) == (400, "invalidValue")


def test_attributes_can_be_chosen(directory: Directory) -> None:
    group = directory.add_group("Cohort A", directory.add("ana"))
    assert "members" not in directory("GET", f"Groups/{group['id']}?excludedAttributes=members")[1]
    _status, page = directory("GET", "Users?attributes=userName")
    assert set(page["Resources"][0]) == {"schemas", "id", "userName"}
    assert directory("GET", "Users?attributes=userName&excludedAttributes=emails")[0] == 400


def test_a_version_guards_against_overwriting(directory: Directory) -> None:
    ana = directory.add("ana")
    path = f"Users/{ana['id']}"
    version = directory.call("GET", path)["ETag"]
    assert version == ana["meta"]["version"]
    assert directory.call("GET", path, If_None_Match=version).status_code == 304
    changed = user_of("ana", displayName="Anna")
    assert directory("PUT", path, changed, If_Match=version)[0] == 200
    assert directory("PUT", path, user_of("ana"), If_Match=version)[0] == 412
    assert directory("GET", path)[1]["displayName"] == "Anna"
    assert directory("PUT", path, user_of("ana"), If_Match="*")[0] == 200


def test_twice_the_people_cost_the_same_number_of_queries(
    directory: Directory, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    people = [directory.add(f"p{number}") for number in range(4)]
    directory.add_group("Cohort A", *people)
    for count in (2, 4):
        for kind in ("Users", "Groups"):
            with django_assert_max_num_queries(9):
                assert directory("GET", f"{kind}?count={count}")[0] == 200


def test_the_directory_says_what_it_can_do(directory: Directory) -> None:
    _status, config = directory("GET", "ServiceProviderConfig")
    assert (config["patch"]["supported"], config["filter"]["supported"]) == (True, True)
    assert (config["bulk"]["supported"], config["sort"]["supported"]) == (False, False)
    _status, schemas = directory("GET", "Schemas")
    attributes = {one["name"] for one in schemas["Resources"][0]["attributes"]}
    assert {"userName", "emails", "active", "roles"} <= attributes
    for kind in ("Schemas", "ResourceTypes"):
        for one in directory("GET", kind)[1]["Resources"]:
            assert directory("GET", f"{kind}/{one['id']}") == (200, one)
        assert directory("GET", f"{kind}/Nothing")[0] == 404
        assert directory("GET", f"{kind}?filter=x")[0] == 403
