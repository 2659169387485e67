"""What a file is, by its content; and a name for it that is safe on every disk."""

import re
import unicodedata
import zipfile
from pathlib import Path

# first bytes: kind
MAGIC: list[tuple[bytes, str]] = [
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"ID3", "audio/mpeg"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
]
OFFICE = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
OLD_OFFICE = {"doc": "application/msword", "xls": "application/vnd.ms-excel",
              "ppt": "application/vnd.ms-powerpoint", "wps": "application/vnd.ms-works",
              "et": "application/vnd.ms-excel", "dps": "application/vnd.ms-powerpoint",
              "msg": "application/vnd.ms-outlook"}  # fmt: skip
# a person who opens one of these runs it, whatever is inside
DANGEROUS = frozenset(
    """
    exe com scr bat cmd ps1 psm1 vbs vbe js jse mjs wsf wsh hta msi msp dll sys cpl lnk pif reg inf
    sh bash command app apk jar py pyw pl rb php asp aspx jsp html htm xhtml mht mhtml svg svgz xml
    xsl swf chm iso img docm dotm xlsm xltm xlam pptm potm url desktop
""".split()
)
_MARKUP = re.compile(rb"<\s*(!doctype|html|svg|script|\?xml|\?php|body|iframe|head)", re.I)
_BAD = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.I)


def safe_name(name: str) -> str:
    """The last part of the name without anything a disk, a header or a reader trips over."""
    name = unicodedata.normalize("NFC", name or "").replace("\\", "/").rsplit("/", 1)[-1]
    name = _BAD.sub("", "".join(c for c in name if not "\ud800" <= c <= "\udfff"))
    name = name.strip(" .")
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    if _RESERVED.fullmatch(stem):
        stem = f"_{stem}"
    stem, ending = stem[:120].strip(" ."), ending[:12]
    return f"{stem or 'file'}{dot}{ending}"


def of(path: Path, name: str) -> str | None:
    """The media type of a file that is taken; None for programs, pages and unknown content."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending in DANGEROUS:
        return None
    with path.open("rb") as file:
        start = file.read(4096)
    for magic, kind in MAGIC:
        if start.startswith(magic):
            return OLD_OFFICE.get(ending) if kind == "application/x-ole-storage" else kind
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    if start[4:8] == b"ftyp":
        return "image/heic" if start[8:12] in (b"heic", b"mif1") else "video/mp4"
    if start.startswith(b"PK\x03\x04"):
        return _zipped(path)
    return _text(start, ending)


def _zipped(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:5000]
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                kind = archive.read("mimetype").decode("ascii", "replace").strip()
                known = kind.startswith("application/vnd.oasis.opendocument.")
                return kind if known and kind.isprintable() and len(kind) < 100 else None
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, KeyError, ValueError):
        return None
    if any(name.endswith("vbaProject.bin") for name in names):
        return None
    if "OFD.xml" in names:
        return "application/ofd"
    if "AndroidManifest.xml" in names or "META-INF/MANIFEST.MF" in names:
        return None
    if "[Content_Types].xml" in names:
        for folder, kind in OFFICE.items():
            if any(name.startswith(folder) for name in names):
                return kind
        return None
    return "application/zip"


def _text(start: bytes, ending: str) -> str | None:
    if b"\x00" in start or start.startswith(b"#!") or _MARKUP.search(start):
        return None
    for encoding in ("utf-8", "gb18030"):
        try:
            # a character may be cut in half at the end of what was read
            start[: len(start) - 4 if len(start) > 4000 else None].decode(encoding)
        except UnicodeDecodeError:
            continue
        return "text/csv" if ending == "csv" else "text/plain"
    return None
