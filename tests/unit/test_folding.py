"""Text as it is compared: one letter at a time gives what the whole gives, so that what was found can be marked."""

from hypothesis import given
from hypothesis import strategies as st

from shared.model.folding import fold, fold_letter, holds


@given(st.text(max_size=40))
def test_letter_by_letter_is_the_same_as_the_whole(text: str) -> None:
    assert " ".join("".join(map(fold_letter, text)).split()) == fold(text)


def test_a_letter_in_another_shape_is_that_letter() -> None:
    assert fold("\u2102afé \uff34\uff25\uff21 \ufb01ne") == "cafe tea fine"


def test_every_word_must_be_there() -> None:
    assert holds("Zürich, Bahnhofstraße 5", ("zurich", "strasse"))
    assert not holds("Zürich", ("zurich", "5"))
