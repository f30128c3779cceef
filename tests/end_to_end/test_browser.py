"""A person opens the printed address: the spinning container is there, in a real Chromium."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.workloads import Workloads
from tests.real.process import wait_until
from tests.real.weir import Up

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.root

LINE = """(name) => {
    const plot = document.querySelector("#container-cpu .plot");
    const line = plot?.data?.find((line) => line.meta === name);
    return line ? [...line.y].filter((value) => value !== null) : [];
}"""
SHOWN_OF_LIMIT = re.compile(r"0\.(4[6-9]|5[0-4]).*\b(9\d|10\d)(\.\d+)?\s?% of limit", re.S)
DRAWN = "#container-cpu:not([aria-busy]) .scatterlayer .trace"


class Visitor:
    """Opens pages, and writes down what they complained of and what they asked of others."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._address = address
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})
        self.complaints: list[str] = []
        self.foreign: list[str] = []

    def open(self, path: str) -> Page:
        page = self.context.new_page()
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))
        page.goto(self._address + path)
        page.locator(DRAWN).first.wait_for(state="attached")
        return page

    def _heard(self, kind: str, text: str) -> None:
        # A container that starts beside the test makes an interface, and Chromium asks again.
        if kind in ("error", "warning") and "ERR_NETWORK_CHANGED" not in text:
            self.complaints.append(text)

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            self.foreign.append(url)


def test_the_page_shows_the_spinning_container(
    browser: Browser, up: Up, workloads: Workloads
) -> None:
    visitor = Visitor(browser, up.url)
    name = workloads.spin.name
    try:
        page = visitor.open("/?range=5m")
        _spins(page, name)
        row = page.locator("#containers tr").filter(has_text=name)
        assert re.search(r"\b0\.(4[6-9]|5[0-4])", row.inner_text()), row.inner_text()

        row.locator(".figure").first.click()
        sheet = page.get_by_role("dialog")
        sheet.get_by_text("How is this computed").wait_for()
        wait_until(lambda: re.search(r"0\.(4|5)\d", sheet.inner_text()), "the result")
        page.keyboard.press("Escape")

        page.get_by_role("button", name="15m").click()
        page.wait_for_url(re.compile("range=15m"))
        page.get_by_role("button", name="5m", exact=True).click()
        _drag(page)
        page.wait_for_url(re.compile("from=.*to="))
        page.wait_for_function(
            "() => document.querySelector('#container-cpu:not([aria-busy]) .plot') !== null"
        )
        again = visitor.open(page.url.removeprefix(up.url))
        wait_until(lambda: _range(again) == _range(page), "the same range in the reopened address")
        drawn = page.evaluate(LINE, name)[:-2]  # the newest sweep came in between
        assert again.evaluate(LINE, name)[: len(drawn)] == drawn

        alone = visitor.open("/?range=5m")
        alone.locator("#containers .row-link").filter(has_text=name).first.click()
        alone.wait_for_url(re.compile(f"container={name}"))
        tiles = alone.locator("#tiles")
        wait_until(lambda: SHOWN_OF_LIMIT.search(tiles.inner_text()), "the share of the limit")
        alone.get_by_role("heading", name=name).wait_for()
    finally:
        visitor.context.close()
    assert visitor.complaints == []
    assert visitor.foreign == []


def _spins(page: Page, name: str) -> None:
    """The chart's line of the container is at half a core."""
    wait_until(lambda: page.evaluate(LINE, name), "the container's line in the chart")
    assert page.evaluate(LINE, name)[-1] == pytest.approx(0.5, abs=0.05)


def _drag(page: Page) -> None:
    """Choose the chart's right half with the mouse."""
    page.locator(DRAWN).first.wait_for(state="attached")
    area = page.locator("#container-cpu .nsewdrag")
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, middle, steps=5)
    page.mouse.up()


def _range(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "() => document.querySelector('#container-cpu .plot')._fullLayout.xaxis.range"
    )
    return found
