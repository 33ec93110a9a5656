"""What names of municipalities promise: found however they are written, never confused with another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.kit.town_names import LONGEST, Names, clean, fault, fold

KNOWN = (
    "Aken (Elbe)",
    "Bernburg (Saale)",
    "Bismark (Altmark)",
    "Calbe (Saale)",
    "Dessau-Roßlau",
    "Haldensleben",
    "Halle (Saale)",
    "Hansestadt Stendal",
    "Hohe Börde",
    "Landkreis Stendal",
    "Lutherstadt Eisleben",
    "Lutherstadt Wittenberg",
    "Magdeburg",
    "Merseburg",
    "Oschersleben (Bode)",
    "Schönebeck (Elbe)",
    "Tangermünde",
    "Verbandsgemeinde Elbe-Heide",
    "Wolmirstedt",
)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Halle (Saale)", "Halle (Saale)"),
        ("halle (saale)", "Halle (Saale)"),
        ("Halle", "Halle (Saale)"),
        ("Halle/Saale", "Halle (Saale)"),
        ("Halle-Saale", "Halle (Saale)"),
        ("Stadt Halle", "Halle (Saale)"),
        ("Halle (Saale), Stadt", "Halle (Saale)"),
        ("Stadt Halle (Saale)", "Halle (Saale)"),
        ("Dessau Rosslau", "Dessau-Roßlau"),
        ("DESSAU-ROSSLAU", "Dessau-Roßlau"),
        ("Hohe Boerde", "Hohe Börde"),
        ("Hohe-Börde", "Hohe Börde"),
        ("Gemeinde Hohe Börde", "Hohe Börde"),
        ("Hohe Bo\u0308rde", "Hohe Börde"),
        ("Schoenebeck", "Schönebeck (Elbe)"),
        ("Wittenberg", "Lutherstadt Wittenberg"),
        ("Wittenberg, Lutherstadt", "Lutherstadt Wittenberg"),
        ("Stendal", "Hansestadt Stendal"),
        ("Stendal, Hansestadt", "Hansestadt Stendal"),
        ("Landkreis Stendal", "Landkreis Stendal"),
        ("Landeshauptstadt Magdeburg", "Magdeburg"),
        ("Einheitsgemeinde Stadt Wolmirstedt", "Wolmirstedt"),
    ],
)
def test_a_name_is_found_however_it_is_written(written: str, name: str) -> None:
    assert list(Names(KNOWN).find(clean(written))) == [name]


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("Hale", "Halle (Saale)"),
        ("Halle (Sale)", "Halle (Saale)"),
        ("Stendl", "Hansestadt Stendal"),
        ("Landkreis Stendl", "Landkreis Stendal"),
        ("Magdburg", "Magdeburg"),
        ("Dessau", "Dessau-Roßlau"),
        ("Stendal bitte", "Hansestadt Stendal"),
        ("Börde", "Hohe Börde"),
        ("Verbandsgemeinde Elbeheide", "Verbandsgemeinde Elbe-Heide"),
        ("Kalbe", "Calbe (Saale)"),
        ("Aschersleben", "Oschersleben (Bode)"),
    ],
)
def test_what_nearly_spells_a_name_is_not_found_but_recognised(written: str, near: str) -> None:
    register = Names(KNOWN)
    assert list(register.find(written)) == []
    assert register.near(written) == near


@pytest.mark.parametrize(
    "written",
    [
        "Nienburg (Saale)",
        "Kalbe (Milde)",
        "Osterburg (Altmark)",
        "Tangerhütte",
        "Naumburg (Saale)",
        "Landkreis Börde",
        "Landkreis Wittenberg",
        "Verbandsgemeinde Elbe-Havel-Land",
        "Halberstadt",
        "Zeitz",
        "Burg",
        "Halle (Westfalen)",
    ],
)
def test_another_municipality_is_another_one(written: str) -> None:
    register = Names(KNOWN)
    assert list(register.find(written)) == []
    assert register.near(written) is None


def test_what_a_short_name_leaves_out_must_not_matter() -> None:
    register = Names(["Halle (Saale)", "Halle (Westfalen)", "Stadt Burg", "Gemeinde Burg"])
    assert list(register.find("Halle")) == ["Halle (Saale)", "Halle (Westfalen)"]
    assert list(register.find("Burg")) == ["Stadt Burg", "Gemeinde Burg"]
    assert list(register.find("Gemeinde Burg")) == ["Gemeinde Burg"]
    assert list(register.find("Halle (Saale)")) == ["Halle (Saale)"]
    assert register.exact("Burg") is None
    assert register.exact("stadt burg") == "Stadt Burg"


def test_an_addition_may_come_later() -> None:
    assert list(Names(["Halle"]).find("Halle (Saale)")) == ["Halle"]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("  Halle   (Saale) ", "Halle (Saale)"),
        ("„Hohe Börde“.", "Hohe Börde"),
        ("Hohe\u00a0Bo\u0308rde\n", "Hohe Börde"),
        ("Sten\u00addal\u200b", "Stendal"),
        ("Calbe a. d. Saale", "Calbe a. d. Saale"),
    ],
)
def test_a_name_is_kept_clean(written: str, name: str) -> None:
    assert clean(written) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "missing"),
        ("x" * (LONGEST + 1), "long"),
        ("Stadt", "odd"),
        ("Landkreis", "odd"),
        ("Verbandsgemeinde Stadt", "odd"),
        ("(Saale)", "odd"),
        ("39104", "odd"),
        ("<b>Halle</b>", "odd"),
        ("Halle @anna", "odd"),
        ("als=gast", "odd"),
        ("Halle?", "odd"),
        ("https:", "odd"),
        ("-", "odd"),
        ("x" * LONGEST, None),
        ("Sülzetal", None),
        ("L'Aquila", None),
        ("Bezirk 7", None),
    ],
)
def test_what_cannot_be_a_name_is_told_apart(name: str, why: str | None) -> None:
    assert fault(name) == why


NAMES = st.text(st.sampled_from("abäößzABÄ (),-/.éſ1"), max_size=20).map(clean).filter(lambda name: fault(name) is None)


@given(NAMES)
def test_a_known_name_is_found_as_it_is_kept(name: str) -> None:
    register = Names([*KNOWN, name])
    assert register.exact(name) is not None
    assert len(register.find(name)) == 1
    assert register.near(name) is not None


@given(NAMES)
def test_folding_and_cleaning_twice_is_once(name: str) -> None:
    assert clean(name) == name
    assert fold(fold(name)) == fold(name)
    assert fold(name.upper()) == fold(name.lower()) == fold(name)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_has_an_answer(one: str, other: str) -> None:
    register = Names([name for name in (clean(one),) if fault(name) is None])
    name = clean(other)
    if fault(name) is None:
        assert set(register.find(name)) <= {clean(one)}
        assert register.near(name) in {None, clean(one)}
