import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from monitor.errors import BadRequest, StoreUnavailable
from monitor.web.app import App, json_response
from monitor.web.guard import Policy, guard

TOKEN = "a-token-of-some-length"


def _app() -> App:
    def fails(error: Exception):
        def handler(request: Request) -> Response:
            raise error

        return handler

    app = App()
    app.add("/ok", lambda request: json_response({"ok": True}), methods=["GET", "POST"])
    app.add("/bad", fails(BadRequest("no metric 'x'", "metric", "try cpu")))
    app.add("/store", fails(StoreUnavailable("store is away")))
    app.add("/bug", fails(ZeroDivisionError("secret detail")))
    return app


@pytest.fixture
def client() -> Client:
    return Client(guard(_app(), Policy()))


@pytest.fixture
def closed() -> Client:
    return Client(guard(_app(), Policy(token=TOKEN)))


def test_every_answer_carries_a_strict_policy(client: Client) -> None:
    for path in ("/ok", "/bad", "/none"):
        headers = client.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_foreign_host_is_refused(client: Client) -> None:
    answer = client.get("/ok", headers={"Host": "rebound.example:8080"})

    assert answer.status_code == 400
    assert "rebound.example" in answer.json["error"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:8080"])
def test_loopback_names_are_served(client: Client, host: str) -> None:
    assert client.get("/ok", headers={"Host": host}).status_code == 200


def test_another_sites_form_is_refused(client: Client) -> None:
    foreign = client.post("/ok", headers={"Origin": "http://evil.example"})
    broken = client.post("/ok", headers={"Origin": "http://[x"})
    own = client.post("/ok", headers={"Origin": "http://localhost"})

    assert [a.status_code for a in (foreign, broken, own)] == [403, 403, 200]


def test_the_token_is_asked_for_and_taken_as_bearer_or_password(closed: Client) -> None:
    missing = closed.get("/ok")
    wrong = closed.get("/ok", headers={"Authorization": "Bearer not-it"})
    broken = closed.get("/ok", headers={"Authorization": "Basic \xe9"})
    bearer = closed.get("/ok", headers={"Authorization": f"Bearer {TOKEN}"})
    basic = closed.get("/ok", auth=("anyone", TOKEN))

    assert [a.status_code for a in (missing, wrong, broken)] == [401, 401, 401]
    assert missing.headers["WWW-Authenticate"].startswith("Basic")
    assert [a.status_code for a in (bearer, basic)] == [200, 200]
    assert TOKEN not in repr(Policy(token=TOKEN))


def test_errors_are_one_clear_line_each(client: Client) -> None:
    bad, store, bug = (client.get(path) for path in ("/bad", "/store", "/bug"))

    assert bad.status_code == 400
    assert bad.json == {"error": "no metric 'x'", "parameter": "metric", "hint": "try cpu"}
    assert store.status_code == 503
    assert store.json["error"] == "store is away"
    assert bug.status_code == 500
    assert "secret" not in bug.text
    assert "Traceback" not in bug.text
    assert client.get("/none").status_code == 404
    assert client.put("/ok").status_code == 405
