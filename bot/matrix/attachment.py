"""Files: uploaded to the server before the event that points to them, encrypted where the room is."""

from typing import Any

from nio.crypto.attachments import decrypt_attachment, encrypt_attachment

from bot.matrix.homeserver import Homeserver

SEALED = "application/octet-stream"
Content = dict[str, Any]


async def attach(homeserver: Homeserver, room: str, content: Content, text: str) -> Content:
    """Upload a file; returns the content of its event with where it lies. Raises as `Homeserver.upload`.

    In an encrypted room the server learns neither name nor type (spec: "Sending encrypted attachments").
    """
    plain = text.encode()
    if not homeserver.is_encrypted(room):
        return {**content, "url": await homeserver.upload(plain, content["info"]["mimetype"], content["filename"])}
    sealed, keys = encrypt_attachment(plain)
    return {**content, "file": {"url": await homeserver.upload(sealed, SEALED, None), **keys}}


def opened(stored: bytes, content: Content) -> bytes:
    """Return what an attachment holds, of what the server keeps of it.

    Raises nio's EncryptionError where somebody has changed that.
    """
    if "file" not in content:
        return stored
    file = content["file"]
    plain: bytes = decrypt_attachment(stored, file["key"]["k"], file["hashes"]["sha256"], file["iv"])
    return plain
