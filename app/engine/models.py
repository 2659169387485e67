"""All tables of the engine under one address: `models.Instance`, `models.Definition`, …"""

from app.engine.cases import (
    Event,
    HandlerJournal,
    Incident,
    Instance,
    KeptMessage,
    MessageWait,
    ScopeState,
    SignalWait,
    Timer,
    Token,
)
from app.engine.published import (
    Decision,
    Definition,
    Deployment,
    DeploymentFile,
    FileContent,
    Subscription,
)
from app.engine.work import TaskCandidate, UserTask

__all__ = [
    "Decision", "Definition", "Deployment", "DeploymentFile", "Event", "FileContent",
    "HandlerJournal", "Incident", "Instance", "KeptMessage", "MessageWait", "ScopeState",
    "SignalWait", "Subscription", "TaskCandidate", "Timer", "Token", "UserTask",
]  # fmt: skip
