"""Files: uploaded to the server before the event that points to them, encrypted where the room is."""

from typing import Any

from nio.crypto.attachments import encrypt_attachment

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
