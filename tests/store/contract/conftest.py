"""One contract for both ways to the database; each test is run with either.

Both stores live in the loop of the package, so a module that uses one says
``pytestmark = pytest.mark.asyncio(loop_scope="package")``.
"""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.homes import KINDS, Home, lent
from tests.store.contract import stores
from tests.store.contract.stores import Store


@pytest.fixture(scope="package")
def home_on_postgres(request: pytest.FixtureRequest) -> Iterator[Home]:
    with lent("postgres", request) as home:
        yield home


@pytest.fixture(scope="package")
def home_on_supabase(request: pytest.FixtureRequest) -> Iterator[Home]:
    with lent("supabase", request) as home:
        yield home


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def store_on_postgres(home_on_postgres: Home) -> AsyncIterator[Store]:
    async with stores.on_postgres(home_on_postgres) as store:
        yield store


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def store_on_supabase(home_on_supabase: Home) -> AsyncIterator[Store]:
    async with stores.on_supabase(home_on_supabase) as store:
        yield store


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest) -> Store:
    """Both are open from the first test that needs them to the end of the package."""
    store: Store = request.getfixturevalue(f"store_on_{request.param}")
    return store


@pytest_asyncio.fixture(name="number", loop_scope="package")
async def _number(store: Store) -> str:
    """A number of ours that nothing was sent from."""
    return store.number()
