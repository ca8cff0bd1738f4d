"""From the recogniser to what a client sees."""

import pytest
from api_gateway import Captions
from messaging import Transcript
from stt_provider import transcripts


def test_a_sentence_stays_and_an_interim_one_is_replaced() -> None:
    captions = Captions()
    for data in transcripts(["Good", "morning.", "How", "are"]):
        captions.take(data)
    assert captions.text() == "Good morning. How are"


def test_what_is_no_transcript_is_refused() -> None:
    with pytest.raises(ValueError):
        Transcript.unpack(b"\x01")
