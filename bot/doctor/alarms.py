"""The alarms that stand."""

from collections.abc import Iterator

from pydantic import TypeAdapter, ValidationError

from bot.alarms import wording
from bot.doctor.findings import Finding, failed, warning
from bot.upkeep import Alarm, AlarmName

_ALARMS = TypeAdapter(list[Alarm])


def findings(standing: object) -> Iterator[Finding]:
    """Yield one for each, from the JSON of *standing_alarms*; whatever else it is says nothing."""
    try:
        alarms = _ALARMS.validate_python(standing)
    except ValidationError:
        return
    for alarm in alarms:
        about = f"An alarm stands {wording.since(alarm)}: {wording.text(alarm)}"
        works = alarm.name is AlarmName.SERVICE_MESSAGE_ALLOWANCE
        yield warning(about) if works else failed(about)
