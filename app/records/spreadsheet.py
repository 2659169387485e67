"""Lines of CSV that spreadsheets open without harm."""

BOM = "\ufeff"  # without it spreadsheets read Chinese as something else
# a cell that begins so would be run as a formula
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(DANGEROUS) else text


def line(values: list[str]) -> str:
    """One line of CSV (RFC 4180)."""
    return ",".join(_quoted(value) for value in values) + "\r\n"


def _quoted(value: str) -> str:
    if any(mark in value for mark in ',"\r\n'):
        return '"' + value.replace('"', '""') + '"'
    return value
