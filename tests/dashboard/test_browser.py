"""The pages in a real Chromium over the fake store."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from monitor.errors import StoreUnavailable
from tests.dashboard.conftest import Served
from tests.dashboard.fake_store import FakeStore

playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
Browser, Page, expect = playwright.Browser, playwright.Page, playwright.expect

# A container that starts beside this test makes an interface, and Chromium cuts its requests then.
CUT = "ERR_NETWORK_CHANGED"
SPIN = "/container?node=den&container=spin"
Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Visit]:
    """Open an address; at the end nothing was complained of, and nothing asked for elsewhere."""
    complaints: list[str] = []
    foreign: list[str] = []
    contexts = []

    def open_page(address: str, *, width: int = 1280, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, timezone_id="Asia/Tokyo"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: foreign.append(r.url) if _foreign(r.url) else None)
        page.goto(served.url + address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [text for text in complaints if CUT not in text and "503" not in text] == []
    assert foreign == []


def _foreign(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1"


def _drawn(page: Page, panel: str) -> None:
    expect(page.locator(f"#{panel}[data-drawn]")).to_be_visible()
    expect(page.locator(f"#{panel}:not([aria-busy]) .scatterlayer .trace").first).to_be_attached()


def _parameters(page: Page) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def _names(page: Page) -> list[str]:
    return page.locator("#containers .row-link").all_inner_texts()


def _lines(page: Page, panel: str) -> list[str]:
    return page.locator(f"#{panel} .legend button bdi").all_inner_texts()


def _zoom(page: Page, panel: str) -> None:
    box = page.locator(f"#{panel} .nsewdrag").bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=5)
    page.mouse.up()


def test_the_overview_draws_nodes_and_containers(visit: Visit) -> None:
    page = visit("/")
    for panel in ("node-cpu", "node-memory", "container-cpu"):
        _drawn(page, panel)
    assert len(_lines(page, "container-cpu")) == 12
    assert len(_names(page)) == 12
    expect(page.locator("#tiles .tile").first).to_contain_text(
        re.compile(r"cores.*% of node \(8 cores\)", re.S)
    )


def test_hostile_names_are_text_in_table_legend_and_hover(visit: Visit) -> None:
    page = visit("/?filter=bold")
    _drawn(page, "container-cpu")
    assert _names(page) == ["<b>bold</b>%{x}"]
    assert "<b>bold</b>%{x}" in _lines(page, "container-cpu")
    for name in _lines(page, "container-cpu"):
        if "bold" not in name:
            page.locator("#container-cpu .legend button").filter(has_text=name).first.click()
    box = page.locator("#container-cpu .nsewdrag").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#container-cpu .hoverlayer")).to_contain_text("<b>bold</b>%{x}")


def test_the_table_sorts_by_every_column_and_says_how(visit: Visit) -> None:
    page = visit("/")
    _drawn(page, "node-cpu")
    heads = page.locator("#containers thead tr:last-child th")
    for i in range(heads.count()):
        if heads.nth(i).is_visible():
            heads.nth(i).get_by_role("button").click()
            expect(heads.nth(i)).to_have_attribute("aria-sort", re.compile("ascending|descending"))
    page.get_by_role("button", name="Container", exact=True).click()
    names = _names(page)
    assert names[1:] == sorted(names[1:], key=str.lower)
    page.get_by_role("button", name="Container", exact=True).click()
    assert _names(page) == names[::-1]
    assert _parameters(page)["sort"] == "-name"


def test_the_filter_is_a_key_away(visit: Visit) -> None:
    page = visit("/")
    _drawn(page, "node-cpu")
    page.keyboard.press("/")
    page.keyboard.type("ops graf")
    assert _names(page) == ["grafana"]
    assert _parameters(page)["filter"] == "ops graf"
    expect(page.locator("#count")).to_have_text("1 of 12")
    page.keyboard.press("Escape")
    assert len(_names(page)) == 12
    page.keyboard.press("/")
    page.keyboard.type("nobody")
    expect(page.locator("#containers-nothing")).to_contain_text("No container matches")


def test_zoom_moves_all_charts_and_the_address_and_back_undoes_it(visit: Visit) -> None:
    page = visit("/")
    _drawn(page, "node-cpu")
    _zoom(page, "node-cpu")
    page.wait_for_url(re.compile("from="))
    chosen = _parameters(page)
    assert 200 < float(chosen["to"]) - float(chosen["from"]) < 340  # 0.3 of 15 minutes
    expect(page.locator("#live-text")).to_have_text("Paused")
    page.wait_for_function(
        """(from) => [...document.querySelectorAll(".plot.js-plotly-plot")].every((plot) =>
            Math.abs(new Date(plot._fullLayout.xaxis.range[0]) / 1000 - from) < 1)""",
        arg=float(chosen["from"]),
    )
    assert float(chosen["from"]) == pytest.approx(time.time() - 0.7 * 900, abs=60)
    page.go_back()
    expect(page.locator("#live-text")).to_have_text("Live")
    assert "from" not in _parameters(page)


def test_the_address_opens_the_same_view(visit: Visit) -> None:
    first = visit("/?range=5m")
    _drawn(first, "container-cpu")
    first.get_by_role("button", name="Pause the refreshing").click()
    first.get_by_role("button", name="usage").click()
    first.fill("#filter", "shop")
    first.locator("#container-cpu").get_by_role("button", name="% of node").click()
    address = first.url.removeprefix(first.url.split("/?")[0])
    second = visit(address)
    _drawn(second, "container-cpu")
    for page in (first, second):
        expect(page.locator("#container-cpu .panel-sub")).to_contain_text("% of the node's cores")
        expect(page.locator("#live-text")).to_have_text("Paused")
        expect(page.locator("[data-range='5m']")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("#containers [aria-sort=ascending]")).to_have_text("usage")
    assert second.input_value("#filter") == "shop"
    assert _lines(first, "container-cpu") == _lines(second, "container-cpu")
    values = """() => [...document.querySelector("#container-cpu .plot").data].map(
        (line) => [...line.y].slice(0, -2))"""  # the newest sweep may have come in between
    assert first.evaluate(values) == second.evaluate(values)


def test_live_refreshes_and_a_pause_stops_it(visit: Visit) -> None:
    page = visit("/")
    _drawn(page, "node-cpu")
    with page.expect_request(lambda r: "/api/v1/query" in r.url):
        pass
    page.get_by_role("button", name="Pause the refreshing").click()
    expect(page.locator("#node-cpu:not([aria-busy])")).to_be_visible()
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)  # two and a half refreshes: what must not happen has no condition
    assert asked == []
    assert "paused" in _parameters(page)


def test_the_explanation_adds_up(visit: Visit) -> None:
    page = visit("/?filter=web-1")
    _drawn(page, "node-cpu")
    page.get_by_role("button", name="Pause the refreshing").click()
    figure = page.locator("#containers .early .figure").first
    figure.click()
    sheet = page.get_by_role("dialog")
    expect(sheet.locator("output")).to_have_text(figure.inner_text())
    expect(sheet).to_contain_text("% of limit (0.5 cores)")
    expect(sheet).to_contain_text("cpuacct.usage")
    formulas = sheet.locator(".formula").all_inner_texts()
    numbers = [[float(n) for n in re.findall(r"\d+\.?\d*", line)] for line in formulas]
    (after, before, increase), (spent, seconds, cores), (_, limit, percent) = numbers[:3]
    assert increase == pytest.approx(after - before, abs=2e-6)
    assert spent == increase
    assert cores == pytest.approx(spent / seconds, abs=6e-5)
    assert limit == 0.5
    assert percent == pytest.approx(100 * cores / limit, abs=0.6)
    link = sheet.get_by_role("link", name="JSON").get_attribute("href")
    answer = page.evaluate("(link) => fetch(link).then((r) => r.json())", link)
    assert answer["metric"] == "container_cpu_usage_seconds_total"
    page.keyboard.press("Escape")
    expect(sheet).not_to_be_visible()


def test_the_explanation_is_of_the_figure_that_was_clicked(visit: Visit, served: Served) -> None:
    page = visit("/?filter=worker")
    _drawn(page, "node-cpu")
    page.get_by_role("button", name="Pause the refreshing").click()
    served.store.advance(seconds=40)
    figure = page.locator("#containers .early .figure").first
    figure.click()
    expect(page.get_by_role("dialog").locator("output")).to_have_text(figure.inner_text())


def test_a_click_on_a_chart_explains_that_point(visit: Visit) -> None:
    page = visit(SPIN)
    _drawn(page, "cpu")
    box = page.locator("#cpu .nsewdrag").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#cpu .hoverlayer .legend")).to_be_visible()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_role("dialog").locator("output")).to_have_text(re.compile(r"0\.\d+.cores"))
    expect(page.get_by_role("dialog")).to_contain_text("The figure is for the 10")


def test_a_container_page_says_why_a_chart_is_empty(visit: Visit) -> None:
    page = visit(SPIN)
    _drawn(page, "cpu")
    expect(page.locator("h1")).to_contain_text("running")
    for panel, reason in (
        ("network", "No network interfaces of its own"),
        ("disk", "not read or written a disk"),
        ("pressure", "gives no pressure figures"),
    ):
        page.locator(f"#{panel}").scroll_into_view_if_needed()
        expect(page.locator(f"#{panel} .nothing")).to_contain_text(reason)


def test_a_row_leads_to_its_page_and_keeps_the_range(visit: Visit) -> None:
    page = visit("/?range=1h")
    _drawn(page, "node-cpu")
    page.get_by_role("link", name="postgres").click()
    page.wait_for_url(re.compile("/container"))
    assert _parameters(page) == {
        "node": "den",
        "namespace": "shop",
        "container": "postgres",
        "range": "1h",
    }
    _drawn(page, "cpu")
    gaps = "() => document.querySelector('#cpu .plot').data[0].y.filter((y) => y === null).length"
    assert page.evaluate(gaps) > 3
    page.locator(".crumbs").get_by_role("link", name="Overview").click()
    page.wait_for_url(re.compile(r"/\?range=1h"))


def test_a_chart_is_also_a_table(visit: Visit) -> None:
    page = visit("/")
    _drawn(page, "container-cpu")
    page.get_by_role("button", name="Show Containers by CPU as a table").click()
    table = page.locator("#container-cpu table")
    expect(table.locator("thead th")).to_have_count(13)
    expect(table.locator("tbody td").first).to_contain_text("cores")


def test_the_page_outlives_the_store(visit: Visit, served: Served) -> None:
    page = visit("/")
    _drawn(page, "node-cpu")
    served.store.failing = StoreUnavailable("the store at X does not answer")
    expect(page.locator("#banner")).to_contain_text("The store at X does not answer. Since")
    expect(page.locator("#node-cpu .strip")).to_contain_text("The store at X does not answer.")
    served.store.failing = None
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator("#node-cpu .strip")).to_be_hidden()


def test_nothing_yet_says_what_to_do(visit: Visit, store: FakeStore) -> None:
    store._nodes = ()
    page = visit("/")
    expect(page.locator("#node-cpu .nothing")).to_contain_text("No node has sent anything yet")
    expect(page.locator("#containers-nothing")).to_contain_text("Start a collector")


def test_what_a_silent_node_sent_last_is_greyed_with_its_age(
    visit: Visit, store: FakeStore
) -> None:
    store._nodes = ("den", "shed")
    store.silent["shed"] = 150.0
    page = visit("/?filter=postgres")
    expect(page.locator("#containers tbody tr")).to_have_count(2)
    row = page.locator("#containers tr.stale")
    expect(row).to_have_count(1)
    expect(row).to_contain_text(re.compile(r"shop · no sample for 2.min"))
    expect(row).to_contain_text("shed")
    expect(page.locator("#nodes-table tr.stale")).to_contain_text(re.compile(r"shed.*ago", re.S))
    notice = page.locator("#tiles .alarm")
    expect(notice).to_contain_text("shed sends nothing: is its collector running?")
    row.get_by_role("link", name="postgres").click()
    expect(page.locator("#state")).to_have_text(re.compile(r"no sample for 2.min"))


def test_a_range_that_is_none_is_the_default(visit: Visit) -> None:
    page = visit("/?range=constructor")
    _drawn(page, "node-cpu")
    expect(page.locator("[data-range='15m']")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["/", SPIN])
def test_a_phone_shows_cards_and_never_scrolls_sideways(
    visit: Visit, scheme: str, address: str
) -> None:
    page = visit(address, width=390, scheme=scheme)
    _drawn(page, "cpu" if address == SPIN else "node-cpu")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    if address == "/":
        expect(page.locator("#containers thead")).to_be_hidden()
        page.select_option("#sort-by", label="Memory")
        assert _names(page)[0] == "postgres"


def test_the_theme_follows_the_system_until_a_person_chooses(visit: Visit) -> None:
    page = visit("/", scheme="dark")
    _drawn(page, "node-cpu")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.click("#theme")
    assert page.evaluate(ground) != dark
    page.reload()
    _drawn(page, "node-cpu")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
