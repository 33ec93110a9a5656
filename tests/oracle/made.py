"""Meetings that nobody has thought of."""

from hypothesis import strategies as st

from tests.oracle.script import Line, Script

PEOPLE = ("Anna", "Bodo", "Käthe", "Jürgen", "Özlem", "Zoë", "Emil", "Änne", "İlkay", "Groß")
WORDS = (
    *("die", "Liste", "prüft", "Straße", "Ä", "42", "3,5", "B-Plan", "§", "&", "<b>", "</script>", "–", "🚲", "x=1"),
    *(
        "„Haus“",
        '"',
        '5"',
        "„offen",
        "zu“",
        "bis Freitag",
        "bis=1.12.",
        "und",
        "#tag",
        "https://example.org/a?b=c#d",
        "*wichtig*",
        "Annas",
        "anna",
        "(Bodo)",
        "Emil:",
        "@Zoë",
    ),
)
MOST_LINES = 40

said = st.lists(st.sampled_from(WORDS + PEOPLE), min_size=1, max_size=8).map(" ".join)
WORD = st.sampled_from(
    ["#info"] * 4
    + ["#idea", "#link", "#topic", "#topic", "#subtopic", "#accepted", "#agreed", "#rejected", "#inconclusive"]
    + ["#action"] * 3
    + ["#undo"] * 3
    + ["#chair", "#unchair", "#here", ""]
)


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """A meeting that its chair begins and ends; the others come and say what they like, some come late."""
    people = draw(st.permutations(PEOPLE))[: draw(st.integers(2, 6))]
    present = people[: draw(st.integers(1, len(people)))]
    members, late = tuple(present), people[len(present) :]
    lines = [Line(draw(st.sampled_from(present)), draw(said)), Line(members[0], "#startmeeting")]
    for _ in range(draw(st.integers(1, MOST_LINES))):
        if late and draw(st.integers(0, 5)) == 0:
            present = [*present, late[0]]
            lines.append(Line(late.pop(0), None))
        lines.append(Line(draw(st.sampled_from(present)), draw(_line(people))))
    lines += [Line(members[0], "#endmeeting"), Line(draw(st.sampled_from(present)), f"#info {draw(said)}")]
    return Script(members, tuple(lines))


@st.composite
def _line(draw: st.DrawFn, people: list[str]) -> str:
    word = draw(WORD)
    if word in ("#undo", "#here"):
        return word
    if word in ("#chair", "#unchair"):
        return f"{word} {' '.join(draw(st.lists(st.sampled_from(people), min_size=1, max_size=2)))}"
    if word == "#link":
        return f"#link https://example.org/{draw(st.integers(1, 99))} {draw(said)}"
    return f"{word} {draw(said)}".strip()
