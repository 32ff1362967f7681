"""A WhatsApp on your desk: the Graph API and a phone in the browser.

For development and tests; production never imports it. It plays Meta, so it knows nothing of Ava
but addresses and secrets: it shares no line of code with the bot it talks to.
"""

from bot.simulator.changes import Change
from bot.simulator.config import SimulatorConfig
from bot.simulator.desk import Simulator
from bot.simulator.faults import Drop, Faults, Refusal
from bot.simulator.values import Direction, SentMessage, Status

__all__ = [
    "Change",
    "Direction",
    "Drop",
    "Faults",
    "Refusal",
    "SentMessage",
    "Simulator",
    "SimulatorConfig",
    "Status",
]
