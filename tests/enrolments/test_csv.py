"""Lists as spreadsheets write them."""

from __future__ import annotations

import pytest

from tertulia.enrolments.csv_lists import read_csv
from tertulia.enrolments.records import MOST_PEOPLE, Entry
from tertulia.kernel.errors import Invalid

ANA = Entry(
    external_id="7",
    email="ana@example.org",
    name="Lima, Ana",
    role="mentor",
    groups=["A", "B"],
    channels=["secret"],
    active=False,
)


@pytest.mark.parametrize(
    "text",
    [
        'external_id,email,name,role,groups,channels,active\n7,ana@example.org,"Lima, Ana",mentor,A;B,secret,no\n',
        "External ID;Email;Name;Role;Groups;Channels;Active\n7;ana@example.org;Lima, Ana;mentor;A|B;secret;0\n",
        (
            "email\texternal-id\tname\trole\tgroups\tchannels\tactive\r\n"
            "ana@example.org\t7\tLima, Ana\tmentor\t A ; B \tsecret\tFALSE\r\n\r\n"
        ),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_one_list_in_many_shapes(text: str, encoding: str) -> None:
    assert read_csv(text.encode(encoding)) == [ANA]


def test_only_an_address_is_needed() -> None:
    ana, ines = read_csv("email,name\nAna@Example.org\nines@example.org,Inês\n".encode("cp1252"))
    assert ana == Entry(external_id="ana@example.org", email="Ana@Example.org", groups=[], channels=[])
    assert ines.name == "Inês"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"email,name\n", "Nobody"),
        (b"email,name\n , \n", "Nobody"),
        (b"name,role\nAna,learner\n", "email or external_id"),
        (b"email,colour\na@example.org,red\n", "colour"),
        (b"ana@example.org,Ana\n", "ana@example.org"),
        (b'email\n"ana', "CSV"),
        (b"email\n" + b"a" * 20_000, "CSV"),
        (b"PK\x03\x04\x00\x00email\n", "not a text file"),
        (b"email\n" + b"a@example.org\n" * (MOST_PEOPLE + 1), "10001"),
    ],
)
def test_what_is_no_list_is_refused_with_a_sentence(content: bytes, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        read_csv(content)
    assert refused.value.field == "file"
