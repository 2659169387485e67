"""A small flow with real forms: a quote is approved by a sales manager, then becomes an order."""

import datetime as dt
from pathlib import Path

from app import clock
from app.db import db
from app.engine import deploy, run
from app.engine.models import Instance, UserTask

FILES = Path(__file__).parent / "files"
CUSTOMERS = (
    "上海恒远机械有限公司",
    "宁波瑞泽精工",
    "苏州明达自动化 · 伺服改造",
    "无锡锦程数控设备",
    "一个特别长的名字：中国重型机械集团华东地区数控机床及配套设备销售服务有限责任公司上海分公司"
    * 2,
    "Emma & Söhne <script>alert(1)</script>",
)


def publish() -> None:
    """The flow and its forms are deployed."""
    files = [(path.name, path.read_bytes()) for path in sorted(FILES.iterdir())]
    deploy.deploy(files, by="zhouning")
    db.session.commit()


def begin(subject: str = CUSTOMERS[0], by: str = "zhangwei", number: int = 1) -> UserTask:
    """A case has begun; its approval waits for the sales managers of 华东."""
    case: Instance = run.start(
        "p_browser",
        {"department_id": "east", "subject": subject, "amount": 1000 * number},
        by=by,
        business_key=f"QT-202603-{number:04d}",
    )
    db.session.commit()
    return db.session.query(UserTask).filter_by(instance_id=case.id).one()


def fill(count: int = 12) -> list[UserTask]:
    """Tasks of every urgency: overdue, due today, later."""
    now = clock.now()
    spans = (dt.timedelta(hours=-2), dt.timedelta(minutes=-40), dt.timedelta(minutes=1),
             dt.timedelta(days=1, hours=2), dt.timedelta(days=4))  # fmt: skip
    tasks = []
    for number in range(1, count + 1):
        task = begin(CUSTOMERS[number % len(CUSTOMERS)], number=number)
        run.set_due(task.id, now + spans[number % len(spans)], "zhouning")
        tasks.append(task)
    db.session.commit()
    return tasks
