"""What may be uploaded, under which name, and where it lies."""

import datetime as dt
import io
import zipfile

import pytest

from app import errors
from app.engine import files, filetype

NOW = dt.datetime(2026, 3, 10, tzinfo=dt.UTC)


def zipped(*names, first=b""):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return buffer.getvalue()


@pytest.fixture
def keep(app, tmp_path):
    def upload(content, name="a.pdf", limit=1000):
        return files.keep(io.BytesIO(content), name, folder=tmp_path / "up", limit=limit,
                          by="zhangwei", at=NOW)  # fmt: skip

    return upload


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"%PDF-1.7 x", "a.pdf", "application/pdf"),
        (b"\x89PNG\r\n\x1a\nxx", "a.png", "image/png"),
        (b"\xff\xd8\xff\xe0", "a.jpeg", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a.webp", "image/webp"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xls", "application/vnd.ms-excel"),
        (zipped("[Content_Types].xml", "word/document.xml"), "a.docx", filetype.OFFICE["word/"]),
        (zipped("OFD.xml"), "a.ofd", "application/ofd"),
        (zipped("b.txt"), "a.zip", "application/zip"),
        ("客户,金额\n".encode(), "a.csv", "text/csv"),
        ("客户".encode("gb18030"), "a.txt", "text/plain"),
    ],
)
def test_the_kind_is_found_in_the_content(keep, content, name, kind):
    row = keep(content, name)
    assert (row.type, row.size, row.name) == (kind, len(content), name)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"MZ\x90\x00\x03", "setup.exe"),
        (b"MZ\x90\x00\x03", "report.pdf"),
        (b"\x7fELF\x02\x01\x01\x00", "a.bin"),
        (b"#!/bin/sh\nrm", "a.txt"),
        (b"<!doctype html><script>", "a.txt"),
        (b"  <SVG onload=x>", "a.png"),
        (b"<?xml version='1.0'?>", "a.txt"),
        (b"%PDF-1.7", "a.html"),
        (b"plain", "a.bat"),
        (zipped("META-INF/MANIFEST.MF"), "a.zip"),
        (zipped("[Content_Types].xml", "word/vbaProject.bin"), "a.docx"),
        (b"PK\x03\x04broken", "a.zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.msi"),
        (b"a\x00b", "a.txt"),
        (b"", "empty.pdf"),
    ],
)
def test_programs_pages_and_unknown_content_are_refused(keep, tmp_path, content, name):
    with pytest.raises(errors.Invalid):
        keep(content, name)
    assert [path for path in (tmp_path / "up").rglob("*") if path.is_file()] == []


def test_too_large_a_file_is_refused_and_leaves_nothing(keep, tmp_path):
    with pytest.raises(errors.TooLarge):
        keep(b"%PDF-" + b"x" * 1000)
    assert list((tmp_path / "up").iterdir()) == []


def test_the_same_content_is_kept_once(keep, tmp_path):
    first, second = keep(b"%PDF-1"), keep(b"%PDF-1", "b.pdf")
    assert first.id != second.id
    assert first.sha256 == second.sha256
    assert len([p for p in (tmp_path / "up").rglob("*") if p.is_file()]) == 1


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\报价.pdf", "报价.pdf"),
        ("a\x00b\u202e.pdf", "ab.pdf"),
        ("con.txt", "_con.txt"),
        ("", "file"),
        ("..", "file"),
        ("长" * 300 + ".pdf", "长" * 120 + ".pdf"),
        ('a"b\r\nc.pdf', "abc.pdf"),
        ("🙂.png", "🙂.png"),
    ],
)
def test_names_are_made_safe(given, safe):
    assert filetype.safe_name(given) == safe
