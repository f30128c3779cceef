from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.settings import setting
from weir.options import load


@dataclass(frozen=True)
class ToyConfig:
    """A toy.

    Not shown.
    """

    data_dir: str = setting("/data", "where 100 % of it is")
    interval: float = setting(5.0, "seconds")
    insecure: bool = setting(False, "in the clear")

    def __post_init__(self) -> None:
        if self.interval < 1:
            raise ConfigError(f"interval: {self.interval} is below 1 second")


def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(tmp_path: Path) -> None:
    file = tmp_path / "weir.toml"
    file.write_text('[up]\ndata-dir = "/file"\ninterval = 2\n[top]\ninterval = "nonsense"\n')
    config = ["--config", str(file)]

    assert load(ToyConfig, "up", [], {}) == ToyConfig()
    assert load(ToyConfig, "up", config, {}) == ToyConfig("/file", 2.0)
    environment = {"WEIR_INTERVAL": "3", "WEIR_INSECURE": "true"}
    assert load(ToyConfig, "up", config, environment) == ToyConfig("/file", 3.0, True)
    flags = [*config, "--interval=4"]
    assert load(ToyConfig, "up", flags, environment) == ToyConfig("/file", 4.0, True)


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["--intreval=1"], {}, "unrecognized arguments: --intreval=1"),
        (
            ["--interval=soon"],
            {},
            "invalid float value: 'soon'; it comes from the flag, from WEIR_IN",
        ),
        (["--interval=0"], {}, "interval: 0.0 is below 1 second"),
        ([], {"WEIR_INTERVAL": "0.5"}, "interval: 0.5 is below 1 second"),
        (["--config=/none.toml"], {}, "/none.toml"),
    ],
)
def test_what_cannot_be_is_one_line_and_code_2(
    arguments: list[str],
    environment: dict[str, str],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as raised:
        load(ToyConfig, "up", arguments, environment)

    assert raised.value.code == 2
    line = capsys.readouterr().err
    assert line.startswith("weir up: ")
    assert words in line
    assert line.count("\n") == 1


def test_a_file_with_an_unknown_name_or_bad_syntax_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "weir.toml"
    for text, words in (
        ("[up]\nintreval = 1\n", f"{file}: [up] has no option 'intreval'"),
        ("[upp]\ninterval = 1\n", f"{file}: [upp] is no part; there are aggregator, collector"),
        ("[up\n", f"{file}: Expected ']'"),
    ):
        file.write_text(text)
        with pytest.raises(SystemExit) as raised:
            load(ToyConfig, "up", ["--config", str(file)], {})
        assert raised.value.code == 2
        assert words in capsys.readouterr().err


def test_help_shows_each_option_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        load(ToyConfig, "up", ["--help"], {})

    assert raised.value.code == 0
    shown = capsys.readouterr().out
    assert "A toy." in shown
    assert "Not shown" not in shown
    assert "where 100 % of it is (default: /data)" in shown
    assert "--insecure" in shown
