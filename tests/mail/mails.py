"""An e-mail, and what of it no log may say."""

from bot.mail.ports import Mail

MAIL = Mail(
    to="ada@example.com",
    subject="Grüße aus Köln 👋",
    text="Schöne Grüße!\n\nhttps://ava.example.com/magic-link/the-token\n",
    html='<p>Schöne Grüße! <a href="https://ava.example.com/magic-link/the-token">Hinein</a></p>',
)
PRIVATE = ("ada@example.com", "Grüße", "the-token", "ava.example.com", "the-api-key", "pass word")

INJECTIONS = [
    {"to": "ada@example.com\r\nBcc: ben@example.com"},
    {"to": "ada@example.com\n"},
    {"to": "ada@example.com, ben@example.com"},
    {"to": "ada@example.com,ben"},
    {"to": "Ada <ada@example.com>"},
    {"to": "<ada@example.com>"},
    {"to": "ada@example.com SIZE=1"},
    {"to": "ada@example.com\u2028"},
    {"to": "\ud800@example.com"},
    {"to": f"{'a' * 250}@example.com"},
    {"to": "ada"},
    {"to": ""},
    {"subject": "Hello\r\nBcc: ben@example.com"},
    {"subject": "Hello\nworld"},
    {"subject": "Hello\0"},
]
