"""InfluxDB 2.x: bucket, InfluxQL's mapping, and the onboarding of a first start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import influxdb_client

from monitor.errors import ConfigError
from monitor.settings import secret_in
from monitor.stores.influx.connection import Connection
from monitor.stores.setup import secrets
from monitor.stores.setup.config import InitStoreConfig

_influx: Any = influxdb_client  # its classes are untyped

_USER = "weir"


class Influx2Setup:
    """Makes things by the services of influxdb-client."""

    def __init__(self, config: InitStoreConfig) -> None:
        self._config = config

    def make(self) -> Iterator[str]:
        """See `monitor.stores.setup.open.Setup`."""
        config = self._config
        if config.bootstrap:
            yield from self._onboarding()
        admin = Connection(config, secret_in(*config.influx_admin))
        with admin.understood():
            bucket, words = self._bucket(admin.client)
            yield words
            yield self._mapping(admin.client, bucket)
            if config.bootstrap and not Path(config.influx_token_file).exists():
                secrets.keep(Path(config.influx_token_file), lambda: _token(admin.client, bucket))
                yield f"token made, for that bucket alone: {config.influx_token_file}"

    def _onboarding(self) -> Iterator[str]:
        """The first user, organisation, bucket and token, if there is no user yet."""
        setting, name = self._config.influx_admin
        file = Path(name)
        nobody = Connection(self._config, "")
        with nobody.understood():
            service = _influx.SetupService(nobody.client.api_client)
            if not service.get_setup().allowed:
                if file.exists():
                    return
                raise ConfigError(
                    f"{setting} {file} does not exist, and InfluxDB was set up already: write a"
                    " token that may make buckets into it"
                )
            if not file.exists():
                secrets.keep(file, secrets.generated)
                yield f"secret made: {file}"
            token = secret_in(setting, name)
            service.post_setup(
                _influx.OnboardingRequest(
                    username=_USER,
                    password=token,
                    org=self._config.influx_org,
                    bucket=self._config.influx_database,
                    retention_period_seconds=self._config.retention_hours * 3600,
                    token=token,
                )
            )
            yield (
                f"InfluxDB set up: organisation {self._config.influx_org}, user {_USER}; token and"
                f" password are the secret in {file}"
            )

    def _bucket(self, client: Any) -> tuple[Any, str]:
        """The bucket, and what to say of it."""
        name, hours = self._config.influx_database, self._config.retention_hours
        buckets = client.buckets_api()
        bucket = buckets.find_bucket_by_name(name)
        if bucket is not None:
            seconds = sum(rule.every_seconds or 0 for rule in bucket.retention_rules or ())
            kept = _told(seconds)
            return bucket, f"bucket {name} exists already, kept as it is; it keeps samples {kept}"
        rules = [_influx.BucketRetentionRules(every_seconds=hours * 3600)]
        bucket = buckets.create_bucket(bucket_name=name, retention_rules=rules)
        return bucket, f"bucket {name} made, which keeps samples {_told(hours * 3600)}"

    def _mapping(self, client: Any, bucket: Any) -> str:
        """InfluxQL finds a bucket by a database; newer versions map one of the same name."""
        org, name = self._config.influx_org, self._config.influx_database
        service = _influx.DBRPsService(client.api_client)
        found = service.get_dbr_ps(org=org, db=name).content or []
        policy = self._config.influx_retention_policy
        mapped = [m for m in found if (m.retention_policy == policy if policy else m.default)]
        if mapped and mapped[0].bucket_id == bucket.id:
            return f"InfluxQL's database {name} leads to that bucket already"
        if mapped:
            raise ConfigError(
                f"InfluxQL's database {name} is mapped to another bucket ({mapped[0].bucket_id}):"
                " remove that mapping (influx v1 dbrp delete), or choose another influx_database"
            )
        service.post_dbrp(
            _influx.DBRPCreate(
                org=org,
                bucket_id=bucket.id,
                database=name,
                retention_policy=policy or "autogen",
                default=not policy,
            )
        )
        return f"InfluxQL's database {name} mapped to that bucket"


def _token(client: Any, bucket: Any) -> str:
    """A new token that may read and write the bucket and nothing else."""
    resource = _influx.PermissionResource(type="buckets", id=bucket.id, org_id=bucket.org_id)
    permissions = [
        _influx.Permission(action=action, resource=resource) for action in ("read", "write")
    ]
    made = client.authorizations_api().create_authorization(bucket.org_id, permissions)
    return str(made.token)


def _told(seconds: int) -> str:
    return f"for {seconds / 86_400:g} days" if seconds else "for ever"
