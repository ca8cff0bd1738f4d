"""Keeps what clients are to see: final pieces stay, the newest interim one is replaced."""

from messaging import Transcript


class Captions:
    """The text of a session."""

    def __init__(self) -> None:
        self._final: list[str] = []
        self._interim = ""

    def take(self, data: bytes) -> None:
        """Takes a transcript from the broker."""
        transcript = Transcript.unpack(data)
        if transcript.final:
            self._final.append(transcript.text)
            self._interim = ""
        else:
            self._interim = transcript.text

    def text(self) -> str:
        """All there is to show."""
        return " ".join([*self._final, self._interim]).strip()
