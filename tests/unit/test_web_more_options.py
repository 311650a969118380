"""The folded fields of the form: a line says what they are set to, and what is unusual or wrong is not hidden."""

import pytest

from web import repeat_form
from web.more_options import more_options

USUAL = {"if_late": "within", "late_hours": "6"}


def test_a_usual_message_is_folded_and_says_what_it_will_do() -> None:
    more = more_options(USUAL, repeat_form.empty(), {"to": "Who?", "when": "When?"})
    assert more.says == ("Once", "up to 6 h late", "even if they write first")
    assert not more.opens
    assert more_options({}, None, {}) == more._replace(says=more.says[1:]), "an old form has none of these fields"


@pytest.mark.parametrize(
    ("typed", "repeat", "says"),
    [
        ({"late_hours": "0.5"}, {}, "up to 0.5 h late"),
        ({"late_hours": "<b>{x}"}, {}, "up to <b>{x} h late"),
        ({"if_late": "on-time"}, {}, "on time or not at all"),
        ({"if_late": "ask"}, {}, "asks you if late"),
        ({"if_late": "nonsense"}, {}, "up to 6 h late"),
        ({"unless_they_write": "on"}, {}, "not if they write first"),
        ({}, {"repeat": "weekly"}, "Weekly"),
        ({}, {"repeat": "nonsense"}, "Once"),
    ],
)
def test_what_is_not_as_usual_is_open(typed: dict[str, str], repeat: dict[str, str], says: str) -> None:
    more = more_options(USUAL | typed, repeat_form.read(repeat, (), None), {})
    assert says in more.says
    assert more.opens


@pytest.mark.parametrize("field", ["if_late", "repeat", "every", "monthly_on", "ends", "until", "count"])
def test_an_error_is_not_hidden(field: str) -> None:
    assert more_options(USUAL, repeat_form.empty(), {field: "Not so."}).opens
