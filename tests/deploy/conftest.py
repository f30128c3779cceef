"""The images of the whole folder, built once."""

from __future__ import annotations

import pytest

from tests.real import weir_image
from tests.real.docker import Engine


@pytest.fixture(scope="session")
def weir_engine(docker_engine: Engine) -> Engine:
    """The session's engine with the image that deploy/Dockerfile makes."""
    weir_image.build(docker_engine)
    return docker_engine
