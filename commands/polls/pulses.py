"""Pulses: their five steps, and the four keys of the initiative that can be asked for again and again."""

STEPS = ("★☆☆☆☆", "★★☆☆☆", "★★★☆☆", "★★★★☆", "★★★★★")

# A poll keeps its question as it was asked, so that it is found again; hence these stand here and not in the texts.
KEYS = {
    "de": (
        "Sichtbarkeit und Relevanz",
        "Motivation und Selbstwirksamkeit",
        "Kooperation und Kulturwandel",
        "Sensibilisierung und Wissen",
    ),
    "en": (
        "Visibility and relevance",
        "Motivation and self-efficacy",
        "Cooperation and cultural change",
        "Awareness and knowledge",
    ),
}


def key_questions(language: str) -> tuple[str, ...]:
    """Return the four keys in this language."""
    return KEYS[language]
