"""The bare matrix-nio bot that the benchmark measures against: it repeats what it hears."""

import argparse
import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path

import nio


async def run(homeserver: str, user: str, token: str, store: str) -> None:
    """Answer every text message until cancelled; with a store, in encrypted rooms too."""
    config = nio.AsyncClientConfig(encryption_enabled=bool(store))
    client = nio.AsyncClient(homeserver, user, device_id="DEVICE", store_path=store, config=config)
    client.restore_login(user, "DEVICE", token)

    async def on_message(room: nio.MatrixRoom, event: nio.RoomMessageText) -> None:
        if event.sender == user:
            return
        content = {"msgtype": "m.text", "body": f"echo: {event.body}"}
        await client.room_send(room.room_id, "m.room.message", content, ignore_unverified_devices=True)

    client.add_event_callback(on_message, nio.RoomMessageText)
    syncing = asyncio.create_task(client.sync_forever(timeout=30_000))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, syncing.cancel)
    await client.synced.wait()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with suppress(asyncio.CancelledError):
        await syncing
    await client.close()


def main() -> None:
    """Run the bot that the command line describes until SIGTERM."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--homeserver", required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--store", default="", help="a folder for keys; turns encryption on")
    asked = parser.parse_args()
    if asked.store:
        Path(asked.store).mkdir(exist_ok=True)
    asyncio.run(run(asked.homeserver, asked.user, asked.token, asked.store))


if __name__ == "__main__":
    main()
