"""Who may fetch what: terms, tokens, names that are refused, and no network."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import constants

from mtp_mlx.errors import (
    GatedModel,
    LoadError,
    ModelNotFound,
    NotFetched,
    TokenRefused,
    UnsupportedModel,
)
from mtp_mlx.hub.connection import Patience
from mtp_mlx.hub.progress import Progress
from mtp_mlx.hub.transfer import Wanted, fetch
from tests.hub.conftest import online
from tests.hub.fake_hub import (
    COMMIT,
    PIECE,
    REPOSITORY,
    FakeHub,
    Refusal,
    model,
    serving,
)
from tests.hub.fetches import (
    QUICK,
    READ,
    SHARDS,
    TOKEN,
    contents,
    fetched,
    right,
    statuses,
)


def gate(hub: FakeHub) -> None:
    hub.refused_files = Refusal(401, "GatedRepo", "Access to model is restricted")


@pytest.mark.parametrize(
    ("refusal", "token", "kind", "words"),
    [
        (
            Refusal(401, "GatedRepo", "Access is restricted"), None, GatedModel,
            r"some asks readers of some/model to accept its terms first.*http.*/some/model,.*login",
        ),
        (
            Refusal(403, "GatedRepo", "Access is restricted"), "hf_x", GatedModel,
            r"Accept them at \S+ with the account of this machine's token\.",
        ),
        (Refusal(401, "RepoNotFound"), None, ModelNotFound, "no public repository.*spelling"),
        (Refusal(404, "RevisionNotFound"), None, ModelNotFound, "no such revision.*commit"),
        (
            Refusal(401, words="Invalid credentials in Authorization header"), "hf_x",
            TokenRefused, "expired or is not valid.*hf auth login",
        ),
        (
            Refusal(401, words='User Access Token "laptop" is expired'), None,
            TokenRefused, "expired or is not valid.*hf auth login",
        ),
        (Refusal(401, words="Unauthorized"), "hf_x", TokenRefused, "expired or is not valid"),
        (Refusal(403, words="Access disabled"), None, NotFetched, "answered 403: Access disabled"),
        (Refusal(503), None, NotFetched, r"the Hub is busy \(503\).*what came is kept"),
        (Refusal(200, page="<html>"), None, NotFetched, "what answers is not the Hub.*Sign in"),
        (Refusal(200, page='{"id":"some/model","sha":"../x"}'), None, NotFetched, "not the Hub"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_sentence(
    hub: FakeHub,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    refusal: Refusal,
    token: str | None,
    kind: type[LoadError],
    words: str,
) -> None:
    hub.refusal = refusal
    if token is not None:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(kind, match=words) as caught:
        fetched()
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert not (cache / "models--some--model").exists()


def test_terms_are_asked_for_before_a_byte_comes(hub: FakeHub, cache: Path) -> None:
    """The Hub lists a gated repository for everybody."""
    gate(hub)
    hub.repositories["other/drafter"] = model(seed=5)
    with pytest.raises(GatedModel, match="some asks readers of some/model"):
        fetched()
    assert [asked.method for asked in hub.requests if "resolve" in asked.path] == ["HEAD"]
    assert not cache.exists()


@pytest.mark.parametrize("where", ["environment", "file"])
def test_the_token_is_sent_where_it_is_asked_for(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    hub.token = TOKEN
    if where == "environment":
        monkeypatch.setenv("HF_TOKEN", TOKEN)
    else:
        (tmp_path / "token").write_text(TOKEN)
    fetched()
    assert {asked.token for asked in hub.requests} == {None}
    hub.files["config.json"] = b'{"new": 1}'
    gate(hub)
    hub.files[SHARDS[0]] = b"new weights"
    with serving(FakeHub(hub.repositories)) as store:
        hub.store = store.address
        assert contents(fetched())[SHARDS[0]] == b"new weights"
        assert hub.requests[-1].token == f"Bearer {TOKEN}"
        assert store.sent == len(b"new weights")
        assert {asked.token for asked in store.requests} == {None}


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_long_listing_comes_in_pages(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, *, elsewhere: bool
) -> None:
    """A page of another host gets no token, also where the Hub names it."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.token, hub.page = TOKEN, 4
    hub.refusal = Refusal(401, "RepoNotFound")  # a private repository
    with serving(FakeHub(hub.repositories, page=20)) as other:
        hub.following = other.address if elsewhere else None
        other.page = 4
        assert contents(fetched()) == right(hub)
        assert {asked.token for asked in other.requests} == ({None} if elsewhere else set())
    assert hub.requests[-1].token == f"Bearer {TOKEN}"


def test_a_token_that_is_refused_is_not_needed_for_what_is_public(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    fetched()
    assert {asked.token for asked in hub.requests} == {None}


def test_a_token_that_is_no_header_is_not_quoted(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_\x01secret")
    gate(hub)
    with pytest.raises(TokenRefused, match="not valid") as caught:
        fetched()
    assert "secret" not in str(caught.value)


def test_a_repository_that_has_moved_is_told(hub: FakeHub) -> None:
    hub.names["old/name"] = REPOSITORY
    with pytest.raises(ModelNotFound, match=r"has old/name under the name some/model\. Fetch some"):
        fetch([Wanted(repository="old/name")], Progress(), QUICK)


@pytest.mark.parametrize("name", ["nothing", "a/b/c", "../x", "a/b--c", "/etc/passwd", ""])
def test_what_is_no_id_is_told(hub: FakeHub, name: str) -> None:
    with pytest.raises(ModelNotFound, match=r"is no id of a repository.*owner/name"):
        fetch([Wanted(repository=name)], Progress(), QUICK)
    assert hub.requests == []


def test_a_revision_may_not_leave_its_folder(hub: FakeHub) -> None:
    with pytest.raises(ModelNotFound, match="no such revision"):
        fetched(revision="../../x")
    assert hub.requests == []


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["config.json", "model.gguf"], "holds GGUF weights, which MLX does not run"),
        (["config.json", "pytorch_model.bin"], "holds pickled weights"),
        (["config.json"], "holds no weights in safetensors"),
        ([SHARDS[0]], "has no config.json"),
    ],
)
def test_what_mlx_cannot_run_is_not_fetched(
    hub: FakeHub, cache: Path, names: list[str], words: str
) -> None:
    hub.repositories[REPOSITORY] = {name: hub.files[name] for name in names}
    with pytest.raises(UnsupportedModel, match=words):
        fetched()
    assert not cache.exists()


def test_offline_means_no_request(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(NotFetched, match=r"HF_HUB_OFFLINE forbids.*Unset"):
        fetched()
    assert hub.requests == []


def test_no_network_is_told_soon(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a second attempt, though a fetch that has begun is patient for an hour."""
    online(monkeypatch, "http://127.0.0.1:9")
    progress = Progress()
    with pytest.raises(NotFetched, match=r"cannot be reached \(Connection refused\).*network"):
        fetched(patience=Patience(first_wait_s=0.7), progress=progress)
    assert [status.waiting_s for status in statuses(progress)] == [None, 0.7]


def test_a_hub_that_is_gone_at_the_end_spoils_nothing(hub: FakeHub) -> None:
    """Nothing more is asked once the last byte has come."""

    def go(sent: int) -> None:
        if sent > PIECE:
            hub.refusal = Refusal(503)

    hub.hold = go
    hub.files.pop(SHARDS[1])
    folder = fetched()
    assert contents(folder) == {name: hub.files[name] for name in READ - {SHARDS[1]}}
    assert f"resolve/{COMMIT}/{SHARDS[0]}" in hub.requests[-1].path
