"""What Ava says and when. No aiohttp and no SQL in here."""
