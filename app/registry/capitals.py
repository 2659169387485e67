"""An amount of money in Chinese capitals, as papers that are sealed carry it."""

from decimal import ROUND_HALF_UP, Decimal

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("", "拾", "佰", "仟")
GROUPS = ("", "万", "亿", "兆")


def capitals(amount: Decimal) -> str:
    """壹拾贰万叁仟元伍角整: half-up to the cent; 负 before what is owed back."""
    cents = int((abs(amount) * 100).quantize(Decimal(1), ROUND_HALF_UP))
    yuan, rest = divmod(cents, 100)
    text = f"{_whole(yuan)}元" if yuan else ""
    jiao, fen = divmod(rest, 10)
    if jiao:
        text += f"{DIGITS[jiao]}角"
    elif fen and yuan:
        text += "零"
    text += f"{DIGITS[fen]}分" if fen else "整"
    text = text if cents else "零元整"
    return f"负{text}" if amount < 0 and cents else text


def _whole(number: int) -> str:
    parts: list[str] = []
    gap = False  # a nought between two digits is said once
    for place in range(len(str(number)) - 1, -1, -1):
        digit = number // 10**place % 10
        group, inner = divmod(place, 4)
        if digit:
            parts += ["零"] * gap + [DIGITS[digit] + PLACES[inner]]
        gap = (gap or not digit) if not digit else False
        if inner == 0 and number // 10**place % 10**4:
            parts.append(GROUPS[group])
    return "".join(parts)
