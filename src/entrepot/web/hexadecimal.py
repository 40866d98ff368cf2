"""Bytes as people read them: offset, hexadecimal, and what of it are letters."""

_WIDTH = 16


def dump(content: bytes, start: int = 0) -> str:
    """Lines of sixteen bytes each."""
    lines = []
    for place in range(0, len(content), _WIDTH):
        piece = content[place : place + _WIDTH]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
        lines.append(f"{start + place:08x}  {piece[:8].hex(' '):23}  {piece[8:].hex(' '):23}  {letters}")
    return "\n".join(lines)


def mode(number: int, letter: str) -> str:
    """A mode as `ls` writes it, such as `-rw-r--r--`; `letter` says of what kind it is."""
    bits = [(number >> shift) & 7 for shift in (6, 3, 0)]
    special = [number & 0o4000, number & 0o2000, number & 0o1000]
    text = ""
    for place, (three, extra) in enumerate(zip(bits, special, strict=True)):
        mark = "t" if place == 2 else "s"
        run = (mark if three & 1 else mark.upper()) if extra else ("x" if three & 1 else "-")
        text += ("r" if three & 4 else "-") + ("w" if three & 2 else "-") + run
    return letter + text
