"""Cells of a table that a spreadsheet will open, and must not run. Pure."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A cell that begins with one of these, be it after spaces, is a formula to a spreadsheet; the last four are the wide
forms of the first."""


def runs(cell: str) -> bool:
    """Whether a spreadsheet would calculate it."""
    return cell.startswith(FORMULA) or cell.lstrip().startswith(FORMULA)


def defused(cell: str) -> str:
    """A cell that is never calculated.

    >>> defused("=1+1"), defused("1+1")
    ("'=1+1", '1+1')
    """
    return f"'{cell}" if runs(cell) else cell
