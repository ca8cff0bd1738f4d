"""Makes transcripts of what the recogniser hears."""

from collections.abc import Iterable, Iterator

from messaging import Transcript


def transcripts(words: Iterable[str]) -> Iterator[bytes]:
    """An interim transcript for each word, and a final one at the end of a sentence."""
    sentence: list[str] = []
    for word in words:
        sentence.append(word)
        final = word.endswith(".")
        yield Transcript(" ".join(sentence), final).pack()
        if final:
            sentence.clear()
