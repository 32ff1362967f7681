"""What Ava itself says, in no avatar's voice but by its name."""

from bot.models import Avatar


def invitation(sign_up_url: str | None) -> str:
    """For a number that nobody has linked."""
    return (
        "Hi! I am Ava, an AI that lets people chat with an avatar of their own. "
        "This number is not linked to an account yet. "
        f"Sign up and make your avatar {_there(sign_up_url)}"
    )


def linked(avatar: Avatar | None, sign_up_url: str | None) -> str:
    """For a number that has just proved whose it is."""
    if avatar is None:
        return f"Your number is linked. Now make your avatar {_there(sign_up_url)}"
    return f"Your number is linked. From now on {avatar.name} answers here. Say hi!"


def code_refused() -> str:
    """For a code that is wrong, late or meant for another number."""
    return (
        "This code does not fit. A code works for 15 minutes, once, and only from the number it "
        "was made for. Ask for a new one where you got it."
    )


def late(avatar: Avatar | None) -> str:
    """For a model that gives no answer right now."""
    name = avatar.name if avatar else "Your avatar"
    return f"{name} cannot answer right now; something on our side is down. The answer will come."


def _there(sign_up_url: str | None) -> str:
    return f"here: {sign_up_url}" if sign_up_url else "in the app that goes with this number."
