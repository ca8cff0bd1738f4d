"""A transcript on its way from the recogniser to the clients."""

from dataclasses import asdict, dataclass

import msgpack


@dataclass(frozen=True)
class Transcript:
    """A piece of text, and whether it is final."""

    text: str
    final: bool

    def pack(self) -> bytes:
        """The transcript as bytes for the broker."""
        return bytes(msgpack.packb(asdict(self)))

    @classmethod
    def unpack(cls, data: bytes) -> "Transcript":
        """The transcript of these bytes; a `ValueError` when they are none."""
        fields = msgpack.unpackb(data)
        if not isinstance(fields, dict) or set(fields) != {"text", "final"}:
            raise ValueError("not a transcript")
        return cls(text=str(fields["text"]), final=bool(fields["final"]))
