"""What an alarm says: what it means and what to do; docs/operations.md says more."""

from datetime import UTC

from bot.upkeep import Alarm, AlarmChange, AlarmName

_MORE = "See docs/operations.md."

_SAYS = {
    AlarmName.SENDING_STOPPED: (
        "WhatsApp refuses whatever the number sends (error {figure}), so that answers are kept"
        " until it is cured: see what `python run.py doctor` says of token, account and payment."
    ),
    AlarmName.SERVICE_MESSAGE_ALLOWANCE: (
        "The number has sent {figure} % of the service messages that SERVICE_MESSAGE_ALLOWANCE"
        " gives it for this month, and goes on: look at the bill, and raise it if that is meant."
    ),
    AlarmName.DEAD_LETTERS: (
        "{figure} messages were given up and stay unanswered or unsent: look at them with"
        " `python run.py dead`, then replay or drop them."
    ),
    AlarmName.QUEUE_WAITING: (
        "Somebody has been waiting for an answer for {figure} seconds: look whether enough"
        " workers run, and into the log."
    ),
    AlarmName.MODEL_DOWN: (
        "The language model gives no answers: {figure} conversations (1000: or more) have been"
        " waiting for one for over two minutes. Look at its status page, its quota and"
        " LLM_API_KEY; `python run.py doctor` asks it."
    ),
}


def text(alarm: Alarm) -> str:
    return f"{_SAYS[alarm.name].format(figure=alarm.figure)} {_MORE}"


def since(alarm: Alarm) -> str:
    return f"since {alarm.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def headline(change: AlarmChange) -> str:
    """Return one line that is the same whenever the same alarm is raised, or cured."""
    title = change.alarm.name.replace("_", " ")
    return f"Ava is cured: {title}" if change.is_cured else f"Ava needs you: {title}"
