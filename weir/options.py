"""From a configuration's dataclass to flags, WEIR_… variables and a TOML file with the same names.

A flag wins over the environment, that over the file, that over the default. A field `log_max_bytes`
of the collector is `--log-max-bytes`, WEIR_LOG_MAX_BYTES, and `log-max-bytes` under `[collector]`.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import tomllib
from collections.abc import Sequence
from typing import Any, NoReturn, TextIO, TypeVar, get_type_hints

import configargparse

from monitor.errors import ConfigError
from weir.process import REFUSED

Config = TypeVar("Config")

PREFIX = "WEIR_"
PARTS = frozenset({"up", "top", "collector", "aggregator", "dashboard", "log"})


def load(
    config_class: type[Config],
    part: str,
    arguments: Sequence[str],
    environment: dict[str, str],
    command: str = "",
    part_class: type[Any] | None = None,
) -> Config:
    """The configuration of `weir PART`, validated. Ends the process with code 2 where it cannot be.

    `environment` is read for WEIR_… variables. `command` is what was called, if not the part: it
    passes over what else the part's own `part_class` has in a file.
    """
    parser = parser_for(config_class, part, command, part_class)
    try:
        values = vars(parser.parse_args(arguments, env_vars=environment))
    except configargparse.ConfigFileParserException as error:
        parser.error(str(error))
    values.pop("config", None)
    try:
        return config_class(**values)
    except ConfigError as error:
        parser.error(str(error))


class TomlFile(configargparse.TomlConfigParser):  # type: ignore[misc]
    """The table of one part in a TOML file; what is misspelt there is named with its place."""

    def __init__(self, part: str, names: frozenset[str], others: frozenset[str]) -> None:
        """`names` are taken, `others` passed over."""
        super().__init__([part])
        self._part = part
        self._names = names
        self._others = others

    def parse(self, stream: TextIO) -> dict[str, Any]:
        try:
            tables = tomllib.loads(stream.read())
        except tomllib.TOMLDecodeError as error:
            raise configargparse.ConfigFileParserException(f"{stream.name}: {error}") from None
        for table in tables.keys() - PARTS:
            raise configargparse.ConfigFileParserException(
                f"{stream.name}: [{table}] is no part; there are {', '.join(sorted(PARTS))}"
            )
        values = tables.get(self._part, {})
        for name in values.keys() - self._names - self._others:
            raise configargparse.ConfigFileParserException(
                f"{stream.name}: [{self._part}] has no option {name!r}"
            )
        taken = {name: value for name, value in values.items() if name in self._names}
        return {name: v if isinstance(v, list) else str(v) for name, v in taken.items()}


class Parser(configargparse.ArgumentParser):  # type: ignore[misc]
    """An argument parser whose errors are one line, without the usage before them."""

    def error(self, message: str) -> NoReturn:
        if match := re.match("argument --([a-z-]+): ", message):
            name = match[1].replace("-", "_").upper()
            message += f"; it comes from the flag, from {PREFIX}{name} or from the file"
        print(f"{self.prog}: {message} ({self.prog} --help shows the options)", file=sys.stderr)
        raise SystemExit(REFUSED)


def parser_for(
    config_class: type[Any], part: str, command: str = "", part_class: type[Any] | None = None
) -> Parser:
    """The argument parser of `weir PART`: one option for each field."""
    parser = Parser(
        prog=f"weir {command or part}",
        description=_first_paragraph(config_class),
        config_file_parser_class=TomlFile(
            part, names_of(config_class), names_of(part_class or config_class)
        ),
        auto_env_var_prefix=PREFIX,
        add_config_file_help=False,
        add_env_var_help=False,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--config",
        is_config_file=True,
        metavar="FILE",
        help=f"TOML file; its table [{part}] has the same names as these flags",
    )
    types = get_type_hints(config_class)
    for field in dataclasses.fields(config_class):
        _add(parser, field, types[field.name])
    return parser


def _add(parser: Parser, field: dataclasses.Field[Any], kind: Any) -> None:
    flag = flag_of(field)
    how: dict[str, Any] = {"help": _help(field), "default": field.default}
    if kind is bool:
        how["action"] = "store_true"
    elif field.metadata["positional"]:
        flag, how["nargs"], how["metavar"] = field.name, "?", flag
    elif kind in (int, float):
        how |= {"type": kind, "metavar": field.metadata["metavar"] or "N"}
    else:
        how["metavar"] = field.metadata["metavar"] or field.name.split("_")[-1].upper()
    parser.add_argument(flag, **how)


def _help(field: dataclasses.Field[Any]) -> str:
    meaning = str(field.metadata["help"]).replace("%", "%%")
    return meaning if field.default in ("", False) else f"{meaning} (default: {field.default})"


def names_of(config_class: type[Any]) -> frozenset[str]:
    """The names of its options in a file: `log-max-bytes`."""
    fields = dataclasses.fields(config_class)
    return frozenset(f.name.replace("_", "-") for f in fields if not f.metadata["positional"])


def flag_of(field: dataclasses.Field[Any]) -> str:
    """The flag of a field: `--log-max-bytes` of log_max_bytes; a positional one's word: `DIR`."""
    if field.metadata["positional"]:
        return str(field.metadata["metavar"])
    return "--" + field.name.replace("_", "-")


def _first_paragraph(config_class: type[Any]) -> str:
    return " ".join((config_class.__doc__ or "").split("\n\n")[0].split())
