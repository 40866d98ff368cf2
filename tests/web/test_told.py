"""Sentences from below the pages, in another language: every one that a page can show is known, and found again."""

# ruff: noqa: RUF001 - Chinese has a punctuation of its own

import re
import time

import pytest
from furnish import Made
from house import Harbor
from reader import Readers
from told import told

from entrepot.model.permission import Resource, Verb
from entrepot.web.permission_words import RESOURCES, VERBS, phrases
from entrepot.web.told import LONGEST, Told
from entrepot.web.voice import voice_of

ZH = {"accept-language": "zh"}
VOICE = voice_of("zh")
PATTERNS = sorted({text for text, _ in told()})


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_sentence_is_found_again(pattern: str) -> None:
    names = sorted(set(re.findall(r"%\((\d+)\)s", pattern)))
    values = {name: f"v{name}x" for name in names}
    found = VOICE.told(pattern % values)
    assert found == VOICE.gettext(pattern) % values
    assert re.search("[\u4e00-\u9fff]", found)


def test_some_is_found_at_all() -> None:
    assert len(PATTERNS) > 300


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("there is no project shop", "没有项目 shop"),
        (
            (
                "no rule keeps it: rule 1 does not: not among the 10 most recently pushed artifacts matching v*; "
                "rule 2 does not: last pulled 3 days ago, on 2026-01-02 03:04 UTC, longer ago than the last 1 day"
            ),
            (
                "没有规则保留它：规则 1 不保留：不在最近推送的 10 个制品（匹配 v*）之中；"
                "规则 2 不保留：最近一次拉取在 3 天前（2026-01-02 03:04 UTC），不在最近 1 天内"
            ),
        ),
        (
            "rule 3 keeps it: number 2 of the 5 most recently pulled artifacts",
            "规则 3 保留它：在最近拉取的 5 个制品中排第 2",
        ),
        ("rule 3 keeps it: it keeps all tags", "规则 3 保留它：它保留所有标签"),
        (
            "no rule keeps it, but tag v1 is immutable: rule 4 of its project keeps tags in repositories matching a",
            "没有规则保留它，但标签 v1 不可变：项目规则 4 固定了仓库（匹配 a）中的标签",
        ),
        (
            "repository shop/api may not be deleted: shop/api is held by ann (hold 3, a lawsuit); lift that hold first",
            "不能删除仓库 shop/api：shop/api 已由 ann 加保留锁（3, a lawsuit）；请先解除",
        ),
        ("ann may not read its robot in project robot", "ann 无权在项目 robot 中查看机器人账号"),
        (
            "ann may not list its artifact, delete its artifact in project shop",
            "ann 无权在项目 shop 中列出制品、删除制品",
        ),
        ("ann may not pull its repository in project shop", "ann 无权在项目 shop 中从仓库拉取"),
        ("ann may not list its user in the whole registry", "ann 无权在整个镜像仓库中列出用户"),
        (
            "sha256:0ff could not be read: object 1f/2e cannot be read: could not read an object: Input/output error",
            "无法读取 sha256:0ff：无法读取对象 1f/2e：无法读取对象：Input/output error",
        ),
        (
            "could not write an object: the object store answered 503 SlowDown",
            "无法写入对象：对象存储返回 503 SlowDown",
        ),
        ("there is no project shop, or ann may not push its repository", "没有项目 shop，或者 ann 无权向仓库推送"),
    ],
)
def test_sentences_within_sentences(sentence: str, expected: str) -> None:
    assert VOICE.told(sentence) == expected


def test_every_permission_has_words() -> None:
    assert set(VERBS) == set(Verb)
    assert {resource: f"its {resource}" for resource in Resource} == RESOURCES
    for phrase, said in phrases(VOICE.gettext).items():
        assert VOICE.told(f"ann may not {phrase} in project p") == f"ann 无权在项目 p 中{said}"
        assert not re.search("[a-z]", said), said


@pytest.mark.parametrize("sentence", ["", "nobody ever wrote this", "港口", "%(1)s", "%s %d {0}", "x" * (LONGEST + 1)])
def test_what_is_not_known_stays_as_it_is(sentence: str) -> None:
    assert VOICE.told(sentence) == sentence


def test_english_is_what_was_said() -> None:
    for pattern in PATTERNS:
        assert voice_of("en").told(pattern) == pattern


def test_what_is_filled_in_is_no_pattern() -> None:
    assert VOICE.told("there is no project %(1)s") == "没有项目 %(1)s"
    assert Told({"no %(1)s in %(2)s": "%(2)s 无 %(1)s"}).find("no %(2)s in \\1") == "\\1 无 %(2)s"


def _repeating(pattern: str) -> str:
    """What fits most of the pattern again and again, but not its end."""
    literals = [one.replace("%%", "%") for one in re.split(r"%\(\d+\)s", pattern)]
    room = (LONGEST - len(pattern) - 1) // len(literals)
    return "".join(one * (room // max(1, len(one))) for one in literals[:-1]) + max(literals, key=len) + "\x03"


HOSTILE = [
    " has a class whose range " + "- " * 700,
    "no rule keeps it: " + "; " * 700,
    "rule 1 does not: " * 80,
    "what is one of " * 90,
    "x; y, z and q is not in project a b " * 40,
    "a b may not be deleted: x; y, z and q, " * 38,
    *map(_repeating, PATTERNS),
]


def test_no_sentence_takes_long() -> None:
    slow = []
    for hostile in HOSTILE:
        began = time.process_time()
        VOICE.told(hostile)
        if time.process_time() - began > 0.25:
            slow.append(hostile)
    assert not slow


async def test_refusals_are_chinese_on_chinese_pages(reader: Readers, made: Made) -> None:
    admin = await reader().sign_in("admin")
    wrong = []
    for path, fields, expected in (
        ("/-/projects/new", {"name": "Not A Name"}, "项目名称最多"),
        ("/-/projects/new", {"name": "own"}, "项目 own 已存在"),
        ("/-/admin/users", {"name": "new", "password": "short", "again": "short"}, "密码长度为"),
        ("/own/-/policies/holds", {"what": "app:1.0"}, "已经加了保留锁"),
        ("/own/-/policies/holds", {"what": "none"}, "own/none"),
        ("/own/app/-/delete", {"chosen": "release-1"}, "不可变"),
        ("/own/app/-/delete", {"chosen": made.facts["first"]}, "保留锁"),
        ("/-/jobs/999999/stop", {}, "没有任务 999999"),
        ("/own/-/labels", {"name": "checked", "color": "#48960C"}, "标记 checked 已存在"),
    ):
        answer = await admin.post(path, fields, headers=ZH)
        page = answer if answer.status_code != 303 else await admin.get(answer.headers["location"], headers=ZH)
        main = page.text.partition("<main")[2]
        if expected not in main or 'lang="en"' in main:
            wrong.append(f"{path} {fields}: {answer.status_code} {re.sub('<[^>]+>', ' ', main).split()}")
    assert not wrong, "\n".join(wrong)


async def test_reading_what_is_not_there_or_not_allowed_is_told_in_chinese(reader: Readers) -> None:
    stranger = await reader().sign_in("stranger")
    for path in ("/nothing", "/own", "/own/app", "/-/admin/users", "/-/none", "/-/jobs/x", "/-/trash/77"):
        page = (await stranger.get(path, headers=ZH)).text.partition("<main")[2]
        assert 'class="note"' in page, path
        assert 'lang="en"' not in page, path


async def test_nothing_is_changed_while_read_only_and_chinese_says_so(reader: Readers, harbor: Harbor) -> None:
    admin = await reader().sign_in("admin")
    assert (await harbor("admin")("PUT", "/configurations", {"read_only": True})).status_code == 200
    answer = await admin.post("/-/projects/new", {"name": "later"}, headers=ZH)
    assert answer.status_code == 403
    assert "只读状态" in answer.text


async def test_reasons_of_rules_are_chinese(reader: Readers, made: Made) -> None:
    admin = await reader().sign_in("admin")
    preview = (await admin.get("/own/-/policies/preview", headers=ZH)).text.partition("<main")[2]
    assert "没有规则" in preview
    assert "rule" not in re.sub("<[^>]+>", "", preview)
    assert 'lang="en"' not in preview
    page = (await admin.get("/own/app:release-1", headers=ZH)).text
    assert "中的标签" in page


async def test_english_pages_say_what_was_said(reader: Readers) -> None:
    page = (await (await reader().sign_in("admin")).get("/nothing")).text
    assert "<span>there is no project nothing</span>" in page
