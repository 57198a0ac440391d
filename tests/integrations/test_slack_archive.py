"""Archives, sound and hostile: names, sizes, damage."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from tertulia.integrations.slack import reader
from tertulia.integrations.slack.reader import SlackExport
from tertulia.kernel.errors import Invalid

from .slack_export import channel, message, small, write
from .slack_reading import DAY, read, with_day


def test_an_export_may_lie_in_an_outer_folder(tmp_path: Path) -> None:
    parts = {
        "Ours/channels.json": [channel("C1", "chatter")],
        f"Ours/{DAY}": [message("1714550400.000100", "U1", "in")],
        "__MACOSX/Ours/channels.json": b"\0",
        "Ours/.DS_Store": b"\0",
        "stray.json": [],
    }
    found, problems = read(write(tmp_path / "export.zip", parts))
    assert [m.text for m in found] == ["in"]
    assert problems == ["stray.json: It lies outside of the export's folder; it was not read."]


def test_names_that_lead_out_and_strangers_are_not_read(tmp_path: Path) -> None:
    day = [message("1714550400.000100", "U1", "x")]
    parts = {
        "channels.json": [channel("C1", "chatter")],
        "../chatter/2024-05-01.json": day,
        "/etc/2024-05-01.json": day,
        "chatter\\2024-05-01.json": day,
        "C:/2024-05-01.json": day,
        "chatter/2024-05-01\n.json": day,
        "chatter/notes.txt": "x",
        "readme.txt": "x",
        "integration_logs.json": [],
        "secret/2024-05-01.json": day,
    }
    found, problems = read(write(tmp_path / "export.zip", parts))
    assert found == []
    assert problems == [
        *(
            f"{name}: The name leads out of the archive or is no name; it was not read."
            for name in ("../chatter/2024-05-01.json", "/etc/2024-05-01.json", r"chatter\\2024-05-01.json",
                         "C:/2024-05-01.json", r"chatter/2024-05-01\n.json")
        ),
        "chatter/notes.txt: The name is not that of a day, such as 2024-05-31.json; it was not read.",
        "readme.txt: It is no part of an export that is known; it was not read.",
        "secret/: No list of channels names this folder, so nobody knows who may see it; it was not read.",
    ]  # fmt: skip


def test_the_same_file_twice(tmp_path: Path) -> None:
    path = small(tmp_path / "export.zip", d2024_05_01=[message("1714550400.000100", "U1", "first")])
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr(DAY, json.dumps([message("1714550400.000200", "U1", "second")]))
    found, problems = read(path)
    assert [m.text for m in found] == ["first"]
    assert problems == [f"{DAY}: The archive holds this file twice; the first was read."]


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    found, problems = read(with_day(tmp_path, "[" + " " * (3 << 20) + "]"))
    assert found == []
    assert problems == [f"{DAY}: Unpacked it would be 3 MiB, which no day is; it was not read."]


def test_an_archive_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = small(tmp_path / "export.zip", d2024_05_01=[message("1714550400.000100", "U1", "x" * 2000)])
    monkeypatch.setattr(reader, "MAX_TOTAL", 2000)
    found, problems = read(path)
    assert found == []
    assert problems == [f"{DAY}: The archive holds more than 0 GiB; this was not read."]


def test_a_damaged_or_encrypted_part_is_named(tmp_path: Path) -> None:
    path = small(
        tmp_path / "export.zip",
        d2024_05_01=[message("1714550400.000100", "U1", "damaged")],
        d2024_05_02=[message("1714636800.000100", "U1", "encrypted")],
        d2024_05_03=[message("1714723200.000100", "U1", "fine")],
    )
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        damaged = archive.getinfo(DAY)
    start = damaged.header_offset + 30 + len(DAY)
    data[start : start + 20] = b"\0" * 20
    central = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02"))
    entry = data.index(b"chatter/2024-05-02.json", central) - 46
    data[entry + 8] |= 1  # the flag of encryption in the central directory (APPNOTE 4.4.4)
    path.write_bytes(data)
    found, problems = read(path)
    assert [m.text for m in found] == ["fine"]
    assert problems == [
        f"{DAY}: It is damaged; it was not read.",
        "chatter/2024-05-02.json: It is encrypted; it was not read.",
    ]


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_no_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(content)
    with pytest.raises(Invalid, match="is not a zip archive"):
        SlackExport(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="There is no file"):
        SlackExport(tmp_path / "nowhere.zip")
    with pytest.raises(Invalid, match="is not a zip archive"):
        SlackExport(tmp_path)


def test_no_export(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("holiday.jpg", b"\xff")
    path = tmp_path / "photos.zip"
    path.write_bytes(stream.getvalue())
    with pytest.raises(Invalid, match="is not a Slack export"):
        SlackExport(path)
