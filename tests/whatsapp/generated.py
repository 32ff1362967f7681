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
ITEMS = st.lists(JSON | _CHANGES.map(lambda changes: {**_GOOD, **changes}), max_size=4)
