"""What stands in for the public image influxdb:1.8: Debian's InfluxDB 1.6.7.

Like that image it runs `influxd` as root and has curl. influxd itself reads the INFLUXDB_…
variables that docker-compose.yml sets, so they mean the same. It has no entry point that makes
users from variables, which docker-compose.yml does not use.
"""

from __future__ import annotations

from tests.real.debian import root_file_system
from tests.real.docker import Engine

IMAGE = "influxdb:1.8"


def tag(engine: Engine) -> None:
    """Give the engine the image under the public one's name."""
    changes = ("-c", 'CMD ["influxd"]', "-c", "EXPOSE 8086", "-c", "VOLUME /var/lib/influxdb")
    engine.cli("import", *changes, str(root_file_system("influxdb,curl")), IMAGE)
