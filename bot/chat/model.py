"""Whoever speaks for the avatar: a language model, or a script."""

from typing import Protocol

from bot.models import Turn


class LanguageModel(Protocol):
    """Whoever speaks for the avatar."""

    async def reply(self, turn: Turn) -> str:
        """Return the answer to all of *turn*; raise ModelUnavailable when there is none.

        The turn has an avatar and readable words; ``gates.answer`` sees to the others.
        """
