"""PyWa as its README shows it: it checks, reads and acknowledges, and stores nothing.

Runs in an environment of its own: docs/performance.md.
"""

import sys

import uvicorn  # type: ignore[import-not-found, unused-ignore]
from fastapi import FastAPI  # type: ignore[import-not-found, unused-ignore]
from pywa_async import WhatsApp, types  # type: ignore[import-not-found, unused-ignore]


def main(port: int, phone_number_id: str, app_secret: str) -> None:
    """Serve PyWa's webhook on *port*."""
    app = FastAPI()
    whatsapp = WhatsApp(
        phone_id=phone_number_id,
        token="made-up",
        server=app,
        webhook_endpoint="/webhook",
        verify_token="made-up",
        app_secret=app_secret,
        validate_updates=True,
    )

    @whatsapp.on_message  # type: ignore[untyped-decorator, unused-ignore]
    async def received(_: WhatsApp, __: types.Message) -> None:
        pass

    uvicorn.run(app, port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
