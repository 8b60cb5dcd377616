"""`make open`: what is asked, what is answered, what is shown, where a browser is told to look."""

import http.server
import io
import json
import threading
import webbrowser
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from rich.console import Console
from toolchain_builders import Heard

from local import platform
from local.answers import ask, has_page, opener
from local.control_plane import ports
from local.control_plane.prometheus import serve_page
from local.cost_screen import CostView, show_costs
from local.home import Home
from local.measuring import source_of
from local.questions import AnswerRow, Sample, answer_rows, freshness, page_of, questions
from mizan.errors import PlatformError, SourceUnreachable
from mizan.metrics.selector import Source

ASKED = {question.title: question for question in questions(Source(cluster="local"))}


def rows(title, *samples):
    found = answer_rows(ASKED[title], [Sample(labels=labels, value=Decimal(value)) for labels, value in samples])
    return [(row.whose, row.answer) for row in found]


def test_every_team_has_a_line_the_dearest_first_and_dollars_of_nobody_are_named():
    samples = [({"team": "a"}, "1.005"), ({}, "2"), ({"team": "b"}, "14692.4")]
    assert rows("Cost by team", *samples) == [
        ("b", "14,692.40 USD per hour"),
        ("no team", "2.00 USD per hour"),
        ("a", "1.00 USD per hour"),
    ]


def test_idle_dollars_have_their_owner_and_those_of_free_nodes_have_none():
    samples = [({"reason": "unused", "team": "ml", "namespace": "ml-dev"}, "3"), ({"reason": "unallocated"}, "9")]
    assert rows("Idle, and whose", *samples) == [
        ("unallocated", "9.00 USD per hour"),
        ("unused, ml, ml-dev", "3.00 USD per hour"),
    ]


def test_a_namespace_called_as_its_team_is_named_once():
    sample = ({"reason": "unused", "team": "ml", "namespace": "ml"}, "3")
    assert rows("Idle, and whose", sample) == [("unused, ml", "3.00 USD per hour")]


def test_a_ratio_is_told_in_percent_and_what_is_no_number_is_unknown():
    assert rows("Useful dollars of those paid", ({}, "0.714")) == [("", "71 %")]
    assert rows("Useful dollars of those paid", ({}, "NaN")) == [("", "unknown")]
    assert rows("Cost by team", ({"team": "a"}, "NaN"), ({"team": "b"}, "1"))[1] == ("a", "unknown")


def test_a_node_without_a_price_is_named_and_never_told_to_cost_nothing():
    assert rows("Nodes without a price", ({"node": "n1"}, "1")) == [("n1", "yes")]
    assert rows("Nodes without a price") == [("", "none")]


def test_no_answer_says_what_that_means():
    for question in ASKED.values():
        ((whose, answer),) = rows(question.title)
        assert (whose, answer) == ("", question.nothing)
        assert answer


def test_the_page_has_a_graph_for_every_question():
    address = urlsplit(page_of("http://127.0.0.1:20001", ASKED.values()))
    told = parse_qs(address.query)
    assert (address.netloc, address.path) == ("127.0.0.1:20001", "/query")
    assert [told[f"g{number}.expr"] for number in range(len(ASKED))] == [[each.query] for each in ASKED.values()]
    assert told["g0.tab"] == ["graph"]


@pytest.fixture
def prometheus():
    """A Prometheus that answers as a test says: by query what it gives, by path a status."""
    answers = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked = urlsplit(self.path)
            query = parse_qs(asked.query).get("query", [""])[0]
            status, text = answers.get(query if asked.path == "/api/v1/query" else asked.path, (200, answer()))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    answers["port"] = served.server_port
    yield answers
    served.shutdown()
    served.server_close()


def answer(*samples):
    result = [{"metric": labels, "value": [1_790_000_000, value]} for labels, value in samples]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})


def address_of(prometheus):
    return f"http://127.0.0.1:{prometheus['port']}"


def test_values_keep_all_their_digits(prometheus):
    prometheus["up"] = (200, answer(({"job": "a"}, "0.30000000000000004"), ({"job": "b"}, "+Inf")))
    assert ask(address_of(prometheus), "up") == [
        Sample(labels={"job": "a"}, value=Decimal("0.30000000000000004")),
        Sample(labels={"job": "b"}, value=Decimal("Infinity")),
    ]


@pytest.mark.parametrize(
    ("status", "text", "told"),
    [
        (400, json.dumps({"status": "error", "error": "parse error at char 4"}), "parse error at char 4"),
        (502, "bad gateway", "HTTP 502 bad gateway"),
        (200, "[]", "HTTP 200 []"),
    ],
)
def test_a_refusal_is_told_in_its_own_words(prometheus, status, text, told):
    prometheus["sum("] = (status, text)
    with pytest.raises(PlatformError, match="needs an answer to a query") as refused:
        ask(address_of(prometheus), "sum(")
    assert f"{address_of(prometheus)}: {told}; needs" in str(refused.value)


def test_a_prometheus_that_does_not_answer_is_told(prometheus):
    with pytest.raises(SourceUnreachable, match=r"ConnectionRefusedError.*See `make status`, then run `make up`"):
        ask(f"http://127.0.0.1:{ports.choose([])}", "up")


def test_a_prometheus_without_the_files_of_its_page_is_known(prometheus):
    assert has_page(address_of(prometheus))
    prometheus["/query"] = (500, "Error opening React index.html: file does not exist")
    assert not has_page(address_of(prometheus))


def test_a_browser_is_told_only_where_somebody_has_a_screen(monkeypatch):
    class Browser:
        def open(self, page):
            return page == "page"

    monkeypatch.setattr(webbrowser, "get", Browser)
    assert opener({}, "linux") is None
    assert [opener(*each)("page") for each in (({"DISPLAY": ":0"}, "linux"), ({}, "darwin"))] == [True, True]

    def no_browser():
        raise webbrowser.Error

    monkeypatch.setattr(webbrowser, "get", no_browser)
    assert opener({"DISPLAY": ":0"}, "linux") is None


@pytest.fixture
def home(tmp_path, prometheus):
    home = Home(tmp_path)
    home.state.mkdir()
    (home.state / ports.FILE).write_text(json.dumps({"prometheus": prometheus["port"]}))
    return home


@pytest.fixture
def opened(monkeypatch):
    pages = []
    monkeypatch.setattr(platform, "opener", lambda: lambda page: pages.append(page) or True)
    return pages


def test_a_running_platform_shows_its_costs_and_opens_their_graphs(home, prometheus, opened):
    source = source_of(platform.plan_of("local"))
    prometheus[freshness(source)] = (200, answer(({}, "1790000000")))
    prometheus[ASKED["Cost by team"].query] = (200, answer(({"team": "team-a"}, "30.11")))
    view = platform.costs(home, "local", Heard())
    assert AnswerRow(title="Cost by team", whose="team-a", answer="30.11 USD per hour") in view.rows
    assert {row.title for row in view.rows} == set(ASKED)
    assert opened == [view.page]
    assert view.is_opened


def test_where_nobody_knows_costs_nothing_is_told_of_them(home, opened):
    view = platform.costs(home, "local", Heard())
    assert view.rows == []
    assert "Nothing is known yet" in shown(view)
    assert "none" not in shown(view).partition("Their queries")[0]


@pytest.fixture
def no_page(prometheus, monkeypatch):
    """A Prometheus without its page, which is built as a test says; by default there is no npm."""
    prometheus["/query"] = (500, "Error opening React index.html: file does not exist")
    built = {"how": lambda: None}
    monkeypatch.setattr(platform, "prometheus_page", lambda *_: built["how"]())
    return built


def test_a_page_that_is_built_is_served_and_opened(home, prometheus, opened, no_page, tmp_path):
    def build():
        prometheus["/query"] = (200, "<html>")
        return tmp_path / "built"

    no_page["how"] = build
    (tmp_path / "static").symlink_to(tmp_path / "of-an-older-one")
    view = platform.costs(home, "local", Heard())
    assert (tmp_path / "static").readlink() == tmp_path / "built"
    assert opened == [view.page]


def test_a_page_that_cannot_be_built_is_told_and_costs_are_shown(home, opened, no_page):
    def build():
        raise PlatformError("prometheus-page", "status 1", needs="npm", because="why", fix="Mend")

    no_page["how"] = build
    heard = Heard()
    assert platform.costs(home, "local", heard).page is None
    assert "prometheus-page: status 1; needs npm" in heard.text


@pytest.mark.parametrize(("name", "below"), [("home", "static"), ("prometheus", "web/ui/static"), ("web", "ui/static")])
def test_prometheus_finds_its_page_whatever_the_home_is_called(tmp_path, name, below):
    home = Home(tmp_path / name)
    home.create()
    serve_page(home, tmp_path)
    assert (tmp_path / name / below).readlink() == tmp_path
    home.purge()
    assert tmp_path.is_dir()
    assert not home.root.exists()


def test_without_the_page_no_browser_is_told(home, opened, no_page):
    view = platform.costs(home, "local", Heard())
    assert (view.page, view.is_opened, opened) == (None, False, [])
    assert "It has no page here" in shown(view)
    assert f"curl -s {view.address}/api/v1/query" in shown(view)


def test_a_platform_that_never_was_says_how_to_make_one(tmp_path):
    with pytest.raises(PlatformError, match=r"no Prometheus; needs a platform that has been started.*Run `make up`"):
        platform.costs(Home(tmp_path), "local", Heard())


def shown(view):
    console = Console(file=io.StringIO(), width=200)
    show_costs(console, view)
    return console.file.getvalue()


def test_the_screen_names_each_question_once_and_gives_its_query():
    told = [AnswerRow(title="Cost by team", whose=team, answer="1.00 USD per hour") for team in ("[a]", "b")]
    view = CostView(
        address="http://127.0.0.1:20001",
        rows=told,
        asked=[ASKED["Cost by team"]],
        page="http://127.0.0.1:20001/query",
        is_opened=False,
    )
    text = shown(view)
    assert text.partition("Their queries")[0].count("Cost by team") == 1
    assert "[a]" in text
    assert ASKED["Cost by team"].query in text
    assert "simulated" in text
    assert "Graphs of all of them: http://127.0.0.1:20001/query" in text
