"""How fast the records answer with 100,000 customers: `python -m tests.bench.records [count]`.

Makes the customers in a database of its own, then times duplicate search, search as one types,
the list page in several orders and what a sales representative sees of it.
"""

import datetime as dt
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

import sqlalchemy as sa

from app import create_app, records, viewer
from app.accounts import demo, people
from app.db import db
from app.records import duplicate, gram, listing, names, numbers
from app.records.contact import Contact
from app.records.customer import Customer

CITIES = "上海 苏州 杭州 南京 无锡 宁波 青岛 合肥 常州 深圳 广州 东莞 武汉 成都 天津 沈阳".split()
FIRST = "恒明瑞博志启汉锦蓝华新中天远达源德盛宏泰嘉信安康永兴隆昌顺鑫凯创科智联云海金龙飞翔"
SECOND = "远达泽诚德程湾美光宇辉业通利丰茂源友邦腾跃捷越峰山川江河林森木石玉珠宝英杰豪雄"
TRADES = "机械 自动化 精密 数控设备 液压 传动 装备科技 电子 贸易 置业 新材料 汽车零部件".split()
FORMS = ("有限公司", "股份有限公司", "有限责任公司")
OWNERS = ("zhangwei", "lina", None)
BATCH = 2_000


def company(random_: random.Random) -> str:
    """A plausible company name."""
    middle = "".join(random_.choice(pool) for pool in (FIRST, SECOND, FIRST))
    middle = middle[: random_.choice((2, 2, 3))]
    return random_.choice(CITIES) + middle + random_.choice(TRADES) + random_.choice(FORMS)


def customers(count: int) -> Iterator[dict[str, object]]:
    """Rows as the flow would have written them, one for each of `count` customers."""
    random_ = random.Random(7)
    at = dt.datetime(2025, 1, 6, tzinfo=dt.UTC)
    seen: set[tuple[str, str]] = set()
    while len(seen) < count:
        name, region = company(random_), random_.choice(("华东", "华南", "华北"))
        if (names.name_key(name), region) in seen:
            name = name[:2] + random_.choice(FIRST) + name[2:]
        if (names.name_key(name), region) in seen:
            continue
        seen.add((names.name_key(name), region))
        n, owner = len(seen), random_.choice(OWNERS)
        phone = f"021-{10_000_000 + n}"
        yield {
            "id": n, "workspace_id": 1, "number": f"CU-202501-{n:04d}", "state": "有效",
            "row_version": 1, "name": name, "name_key": names.name_key(name),
            "pinyin": names.pinyin_key(name), "customer_type": "企业", "region": region,
            "phone": phone, "phone_key": names.phone_key(phone), "source": "导入",
            "life_stage": random_.choice(("潜在", "意向", "成交")), "blacklist": False,
            "domain": f"c{n}.example.cn", "address": f"{name[:2]}市人民路 {n} 号",
            "grade": random_.choice("ABCD"), "owner_id": owner,
            "department_id": "east" if owner else "south", "created_at": at, "updated_at": at,
            "created_by": "sunli", "updated_by": "sunli",
        }  # fmt: skip


def fill(count: int) -> None:
    """`count` customers with a contact each, and the index of their names."""
    batch: list[dict[str, object]] = []
    for row in customers(count):
        batch.append(row)
        if len(batch) == BATCH:
            _write(batch)
            batch = []
    if batch:
        _write(batch)
    numbers.skip_to(f"CU-202501-{count}")
    db.session.commit()
    db.session.execute(sa.text("ANALYZE"))
    db.session.commit()


def _write(batch: list[dict[str, object]]) -> None:
    db.session.execute(sa.insert(Customer), batch)
    db.session.execute(sa.insert(Contact), [_contact(row) for row in batch])
    grams = [
        part
        for row in batch
        for part in gram.rows("customer", row["id"], row["name_key"], row["pinyin"], 1)  # type: ignore[arg-type]
    ]
    db.session.execute(sa.insert(gram.NameGram), grams)
    db.session.commit()


def _contact(row: dict[str, object]) -> dict[str, object]:
    mobile = f"139{row['id']:08d}"
    kept = ("workspace_id", "row_version", "owner_id", "department_id", "created_at", "updated_at",
            "created_by", "updated_by", "id")  # fmt: skip
    return {name: row[name] for name in kept} | {
        "customer_id": row["id"], "number": f"CT-202501-{row['id']:04d}", "state": "在职",
        "name": "钱进", "mobile": mobile, "mobile_key": mobile, "is_primary": True,
        "consent": "未取得", "care_optout": False,
    }  # fmt: skip


def timed(label: str, work: Callable[[int], object], times: int = 40) -> tuple[str, float, float]:
    """(label, median ms, worst ms) of `times` runs after one to warm up."""
    work(0)
    spent = []
    for n in range(times):
        begin = time.perf_counter()
        work(n)
        spent.append((time.perf_counter() - begin) * 1000)
        db.session.rollback()
    return label, statistics.median(spent), max(spent)


def run(count: int = 100_000) -> list[tuple[str, float, float]]:
    """Makes `count` customers and times what people wait for; milliseconds, median and worst."""
    folder = tempfile.mkdtemp()
    app = create_app({"instance_path": folder, "job_runner": "inline", "secret_key": "bench"})
    with app.app_context():
        db.create_all()
        demo.load_people()
        db.session.commit()
        fill(count)
        return measure(count)


def measure(count: int) -> list[tuple[str, float, float]]:
    """The timings over a filled database."""
    random_ = random.Random(11)
    asked = [company(random_) for _ in range(41)]
    rep, boss = (viewer.of(people.get(login)) for login in ("zhangwei", "zhouning"))  # type: ignore[arg-type]

    def page(**asking: object) -> Callable[[int], object]:
        who = asking.pop("who", boss)
        return lambda n: listing.page(listing.Ask("customer", **asking), who)  # type: ignore[arg-type]

    def double(n: int) -> object:
        given = {"name": asked[n], "unified_code": "91330100MA2B0QMX0P", "phone": "021-10000077",
                 "website": "c77.example.cn", "address": "上海市人民路 77 号"}  # fmt: skip
        return duplicate.candidates(given, [{"mobile": f"139{n + 5:08d}"}])

    return [
        timed("duplicate search", double),
        timed("search 2 characters", lambda n: records.search("customer", asked[n][2:4])),
        timed("search whole name", lambda n: records.search("customer", asked[n])),
        timed(
            "search initials", lambda n: records.search("customer", names.pinyin_key(asked[n])[:5])
        ),
        timed("search phone", lambda n: records.search("customer", f"021100{n:02d}")),
        timed(
            "search as sales rep", lambda n: records.search("customer", asked[n][2:4], viewer=rep)
        ),
        timed("list, newest first", page()),
        timed("list, by name", page(sort="name")),
        timed("list, by grade", page(sort="-grade")),
        timed("list, page 2,000", page(page=2000)),
        timed("list, two filters", page(filters={"region": ["华东"], "grade": ["A", "B"]})),
        timed("list, sales rep", page(who=rep)),
        timed("filter offers", lambda n: listing.options("customer", "owner_id", boss)),
    ]


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    for label, median, worst in run(wanted):
        sys.stdout.write(f"{label:24} {median:8.1f} ms  worst {worst:8.1f} ms\n")
