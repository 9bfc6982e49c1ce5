"""People who sign in, in a real browser against a real provider on loopback. `make test-browser`."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from profiles.auth import secrets_for_streamlit
from profiles.settings import AuthSettings
from tests.browser_world import CHROMIUM, Visit, browser, cards, expect, free_port, look, serve_shop, settled
from tests.ui_world import picture_bytes
from ui.gate import user_id_of

provider = pytest.importorskip("oidc_provider_mock", reason="no provider is installed: pip install 'palate[dev]'")
__all__ = ["browser", "look"]  # fixtures
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed; name one in PALATE_CHROMIUM"),
]
SECRETS = {"OIDC_CLIENT_SECRET": "of-the-client", "OIDC_COOKIE_SECRET": "of-the-cookie-" * 3}
NAMES = {"ann-1": "Ann Archer", "bob-2": "Bob Baker"}
ACTIONS = 50
SUBJECTS = ("fox", "owl", "whale", "boat", "moon", "bridge")


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The test shop with `auth` set, and the provider it asks: `address` and `issuer`."""
    folder, port = tmp_path_factory.mktemp("locked"), free_port()
    users = [provider.User(sub=sub, claims={"name": name}) for sub, name in NAMES.items()]
    with provider.run_server_in_thread(user_claims=users) as server:
        issuer, address = f"http://127.0.0.1:{server.server_port}", f"http://127.0.0.1:{port}"
        auth = AuthSettings(issuer=issuer, client_id="palate", address=address)
        (folder / "secrets.toml").write_text(secrets_for_streamlit(auth, SECRETS))
        settings = {name: str(value) for name, value in auth.model_dump().items()}
        environ = {f"PALATE_AUTH__{name.upper()}": value for name, value in settings.items()}
        environ["PALATE_AUTH__PROFILES"] = '["ollama"]'
        options = ("--secrets.files", str(folder / "secrets.toml"))
        with serve_shop(folder, port, *options, environ=environ) as address:
            yield SimpleNamespace(address=address, issuer=issuer)


class SignedVisit(Visit):
    """A browser of somebody signed in.

    received: all that the server sent to its windows. word: in all they write. pried: ids of others that they wrote
    into an address, which are sent back to them there.
    """

    def __init__(self, browser: Any, locked: Any, sub: str) -> None:
        self.sub, self.word, self.received = sub, f"zq{sub.replace('-', '')}", bytearray()
        self.user_id = user_id_of(locked.issuer, sub)
        self.threads, self.traces, self.pried = set[str](), set[str](), set[str]()
        super().__init__(browser, locked.address)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("button", name=sub).click()
        expect(self.page.get_by_text(NAMES[sub])).to_be_visible()

    def open(self, path: str = "/") -> Any:
        self.context.on("page", lambda page: page.on("websocket", self._listen))
        return super().open(path)

    def _listen(self, socket: Any) -> None:
        def take(frame: Any) -> None:
            self.received += frame if isinstance(frame, bytes) else frame.encode()

        socket.on("framereceived", take)

    def _refuse(self, route: Any) -> None:
        if route.request.frame.url.startswith(self.address):  # the provider's own pages may do as they please
            self.foreign.append(route.request.url)
        route.abort()

    @property
    def marks(self) -> tuple[str, ...]:
        """What only they may ever be sent."""
        return (self.word, NAMES[self.sub], self.user_id, *self.threads, *self.traces)


@pytest.fixture
def sign_in(locked: Any, browser: Any, look: Callable[[Any, str], None]) -> Iterator[Callable[[str], SignedVisit]]:
    made: list[SignedVisit] = []

    def begin(sub: str) -> SignedVisit:
        made.append(SignedVisit(browser, locked, sub))
        return made[-1]

    yield begin
    for one in made:
        look(one.page, one.sub)
        one.close()
    assert [url for one in made for url in one.foreign] == [], "a page asked something of a foreign server"


def test_one_signs_in_reloads_and_signs_out(locked, browser, sign_in):
    stranger = Visit(browser, locked.address)
    for path in ("/", "/taste", "/catalogue", "/traces", "/models"):
        stranger.page.goto(f"{locked.address}{path}?person={user_id_of(locked.issuer, 'ann-1')}")
        expect(stranger.page.get_by_role("heading", name="Sign in to Palate")).to_be_visible()
        expect(stranger.page.get_by_role("link", name="Taste")).to_have_count(0)
    stranger.close()
    ann = sign_in("ann-1")
    expect(ann.page.get_by_label("Person")).to_have_count(0)
    ann.page.reload()
    expect(ann.page.get_by_text("Ann Archer")).to_be_visible()
    cookie = next(one for one in ann.context.cookies() if one["name"] == "_streamlit_user")
    assert cookie["httpOnly"]
    ann.page.get_by_role("button", name="Sign out").click()
    expect(ann.page).to_have_url(re.compile(f"^{locked.issuer}/oauth2/end_session"))
    ann.page.goto(f"{ann.address}/taste")
    expect(ann.page.get_by_role("heading", name="Sign in to Palate")).to_be_visible()


def test_no_other_profile_is_had_than_those_that_are_offered(sign_in):
    ann = sign_in("ann-1")
    ann.page.goto(f"{ann.address}/models?profile=openai")
    expect(ann.page.get_by_text("demo · in use here")).to_be_visible()
    expect(ann.page.locator("summary", has_text="ollama")).to_be_visible()
    expect(ann.page.locator("summary", has_text="openai")).to_have_count(0)

    forgeries: list[bytes] = []

    def forge(socket: Any) -> None:
        """The browser picks `ollama`, and what reaches the server says `openai`."""
        server = socket.connect_to_server()

        def pass_on(sent: Any) -> None:
            if isinstance(sent, bytes) and b"ollama" in sent:
                forgeries.append(sent := sent.replace(b"ollama", b"openai"))
            server.send(sent)

        socket.on_message(pass_on)

    picker = ann.page.get_by_role("combobox", name="Profile")
    for forged in (False, True):
        if forged:
            ann.page.route_web_socket(re.compile("_stcore/stream"), forge)
        ann.page.goto(f"{ann.address}/models")
        expect(picker).to_have_value("demo")
        settled(ann.page)
        picker.click()
        ann.page.get_by_role("option", name="ollama").click()
        ann.page.wait_for_timeout(1500)  # until the server has heard of it
        settled(ann.page)
        assert bool(forgeries) == forged
        in_use = "demo" if forged else "ollama"
        expect(ann.page.locator("summary", has_text="in use here")).to_have_text(re.compile(f"{in_use} · in use here"))


def test_a_cookie_that_was_changed_signs_nobody_in(sign_in):
    ann = sign_in("ann-1")
    cookie = next(one for one in ann.context.cookies() if one["name"] == "_streamlit_user")
    half = len(cookie["value"]) // 2
    other = "A" if cookie["value"][half] != "A" else "B"
    ann.context.add_cookies([{**cookie, "value": cookie["value"][:half] + other + cookie["value"][half + 1 :]}])
    ann.page.reload()
    expect(ann.page.get_by_role("heading", name="Sign in to Palate")).to_be_visible()


def test_whatever_two_people_do_neither_is_sent_a_word_of_the_other(sign_in, tmp_path):
    """Fifty actions drawn by chance, in two browsers, the other's addresses among them."""
    chance, visits = random.Random(6), [sign_in(sub) for sub in NAMES]
    for visit, colour in zip(visits, ("teal", "orange"), strict=True):
        (tmp_path / f"{visit.sub}.png").write_bytes(picture_bytes(colour))
    actions = [say, say, like, add_fact, search, look_around, rename, begin_anew, show_picture, pry, pry]
    for number in range(ACTIONS):
        mine, theirs = chance.sample(visits, 2)
        action = actions[number] if number < len(actions) else chance.choice(actions)
        action(mine, theirs, chance, tmp_path)
        settled(mine.page)
        note(mine)
        for one, other in itertools.permutations(visits):
            content = one.page.content()
            marks = [mark for mark in other.marks if mark not in one.pried]
            seen = [mark for mark in marks if mark.encode() in one.received or mark in content]
            assert not seen, f"{one.sub} was sent {seen} after {action.__name__}, action {number}"
    for one in visits:
        own = (one.word, NAMES[one.sub])
        assert all(mark.encode() in one.received for mark in own), "what is looked for is never sent to anybody"
        assert one.threads
        assert one.traces


def note(visit: SignedVisit) -> None:
    """Keep the ids of their conversation and of its traces, as the page tells them."""
    visit.threads |= set(re.findall(r"[?&]thread=([0-9a-f]{12})", visit.page.url))
    visit.traces |= set(re.findall(r"[?&;]trace=([0-9a-f]{8,})", visit.page.content()))


def chat(visit: SignedVisit) -> None:
    thread = f"?thread={sorted(visit.threads)[0]}" if visit.threads and "thread=" not in visit.page.url else ""
    if "thread=" not in visit.page.url or "/t" in visit.page.url.removeprefix(visit.address):
        visit.page.goto(f"{visit.address}/{thread}")
    expect(visit.page.get_by_test_id("stChatInputTextArea")).to_be_enabled()


def say(mine: SignedVisit, theirs: SignedVisit, chance: random.Random, folder: Path) -> None:
    """Both at once, so that two turns are under way together."""
    for one in (mine, theirs):
        chat(one)
    area = theirs.page.get_by_test_id("stChatInputTextArea")
    area.fill(f"something with a {chance.choice(SUBJECTS)} {theirs.word}")
    area.press("Enter")
    mine.say(f"something with a {chance.choice(SUBJECTS)} {mine.word}")
    expect(theirs.page.get_by_role("button", name="Stop")).to_have_count(0)
    settled(theirs.page)
    note(theirs)


def like(mine: SignedVisit, theirs: SignedVisit, chance: random.Random, folder: Path) -> None:
    chat(mine)
    settled(mine.page)
    if cards(mine.page).count():
        cards(mine.page).last.get_by_role("radio").nth(chance.randrange(2)).click()


def add_fact(mine: SignedVisit, theirs: SignedVisit, chance: random.Random, folder: Path) -> None:
    mine.page.goto(f"{mine.address}/taste")
    expect(mine.page.get_by_label("What about it").last).to_be_attached()
    settled(mine.page)
    closed = mine.page.locator("summary", has_text="Add something")
    if closed.count():  # where something is believed already
        closed.click()
    mine.page.get_by_label("What about it").last.fill("subject")
    mine.page.get_by_label("Which").last.fill(f"{chance.choice(SUBJECTS)} {mine.word}")
    mine.page.get_by_role("button", name="Add", exact=True).click()


def search(mine: SignedVisit, theirs: SignedVisit, chance: random.Random, folder: Path) -> None:
    mine.page.goto(f"{mine.address}/catalogue")
    mine.page.get_by_label("Search", exact=True).last.fill(f"owl {mine.word}")
    mine.page.keyboard.press("Enter")


def look_around(mine: SignedVisit, theirs: SignedVisit, chance: random.Random, folder: Path) -> None:
    mine.page.goto(f"{mine.address}/{chance.choice(['taste', 'traces', 'models', 'catalogue?item=print-0003'])}")
    expect(mine.page.get_by_text(NAMES[mine.sub])).to_be_visible()


def rename(mine: SignedVisit, theirs: SignedVisit, chance: random.Random, folder: Path) -> None:
    chat(mine)
    settled(mine.page)
    mine.page.locator("summary", has_text="Conversations").click()
    edit = mine.page.get_by_text("This conversation", exact=True)
    if edit.count():
        edit.click()
        mine.page.get_by_label("Name", exact=True).fill(f"renamed {mine.word}")
        mine.page.keyboard.press("Enter")


def begin_anew(mine: SignedVisit, theirs: SignedVisit, chance: random.Random, folder: Path) -> None:
    chat(mine)
    fresh = mine.page.get_by_role("button", name="New conversation")
    if fresh.is_enabled():
        fresh.click()


def show_picture(mine: SignedVisit, theirs: SignedVisit, chance: random.Random, folder: Path) -> None:
    chat(mine)
    mine.page.locator('input[type="file"]').first.set_input_files(folder / f"{mine.sub}.png")
    expect(mine.page.get_by_text(f"{mine.sub}.png").first).to_be_visible()
    mine.page.get_by_test_id("stChatInputTextArea").fill(f"like this {mine.word}")
    mine.page.wait_for_timeout(1500)  # until the picture has arrived nothing can be sent
    mine.page.get_by_role("button", name="Send message").click()
    expect(mine.page.get_by_alt_text("the picture you sent").last).to_be_visible()


def pry(mine: SignedVisit, theirs: SignedVisit, chance: random.Random, folder: Path) -> None:
    """The other's conversation and trace, by their addresses, under the other's name."""
    thread, trace = (next(iter(sorted(known)), "") for known in (theirs.threads, theirs.traces))
    if not thread or not trace:
        return
    mine.pried |= {thread, trace}
    mine.page.goto(f"{mine.address}/traces?trace={trace}&person={theirs.user_id}&beside={trace}")
    expect(mine.page.get_by_text("has no trace of that id")).to_be_visible()
    mine.page.goto(f"{mine.address}/?thread={thread}&person={theirs.user_id}")
    expect(mine.page.get_by_text(NAMES[mine.sub])).to_be_visible()
    settled(mine.page)
    expect(cards(mine.page)).to_have_count(0)
    expect(mine.page.get_by_alt_text("the picture you sent")).to_have_count(0)
    mine.page.goto(mine.address)
