"""What the simulator has to know about the bot it talks to."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]  # a JSON object, as it is on the wire


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorConfig:
    """The secrets are shared with the bot, exactly as an operator shares them with Meta.

    webhook_url: where deliveries go. api_url: the bot's JSON endpoints as the browser reaches them.
    scripted: the page then says that the answers are scripted.
    retry_seconds: Meta's seven days, compressed; the last wait repeats until the bot says 200.
    """

    webhook_url: str
    api_url: str
    phone_number_id: str
    access_token: str = field(repr=False)
    app_secret: str = field(repr=False)
    verify_token: str = field(repr=False)
    display_phone_number: str = "15550001111"  # digits
    scripted: bool = False
    state: Path | None = None  # an SQLite file; None: forget everything at the end
    retry_seconds: tuple[float, ...] = (0.2, 0.5, 1, 2, 5, 10, 30)
