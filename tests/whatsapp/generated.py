"""Values that hypothesis makes up."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# A loaded machine is no reason to fail.
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

TEXT = st.text(st.characters(), max_size=10)  # lone surrogates and NUL included
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
_GOOD = {"id": "wamid.A", "from": "31600000001", "type": "text", "status": "sent"}
_CHANGES = st.dictionaries(
    st.sampled_from([*_GOOD, "from_user_id", "timestamp", "text", "recipient_id", "errors"]),
    JSON,
    max_size=3,
)
ITEM = JSON | _CHANGES.map(lambda changes: {**_GOOD, **changes})
ITEMS = st.lists(ITEM, max_size=4)

# Deliveries in which anything may be missing, or be something else.
_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "metadata": st.just({"phone_number_id": "900100200300"}) | JSON,
        "messages": ITEMS | JSON,
        "statuses": ITEMS | JSON,
        "errors": JSON,
        "contacts": JSON,
        "user_id_update": ITEMS,
    },
)
_FIELDS = st.sampled_from(["messages", "messages", "user_id_update", "account_update"])
_CHANGE = st.fixed_dictionaries({"field": _FIELDS | JSON, "value": _VALUES | JSON})
_ENTRY = st.fixed_dictionaries({"changes": st.lists(_CHANGE | JSON, max_size=3) | JSON})
DELIVERIES = st.fixed_dictionaries(
    {"entry": st.lists(_ENTRY | JSON, max_size=2) | JSON},
    optional={"object": st.just("whatsapp_business_account") | JSON},
)
