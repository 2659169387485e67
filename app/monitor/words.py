"""What the monitor calls elements and events."""

from app.i18n import _l

ELEMENTS = {
    "UserTask": _l("用户任务"), "Activity": _l("步骤"), "ServiceTask": _l("系统步骤"),
    "ScriptTask": _l("计算"), "RuleTask": _l("决策表"), "ReceiveTask": _l("等待消息"),
    "SubProcess": _l("子流程"), "EventSubProcess": _l("事件子流程"),
    "CallActivity": _l("调用流程"), "Start": _l("开始"), "Throw": _l("结束或发出"),
    "Catch": _l("等待"), "Boundary": _l("边界事件"), "ExclusiveGateway": _l("选择一条路"),
    "ParallelGateway": _l("同时进行"), "InclusiveGateway": _l("选择若干条路"),
    "EventGateway": _l("等先发生的事"), "Node": _l("步骤"),
}  # fmt: skip
EVENTS = {
    "started": _l("开始"), "entered": _l("到达"), "left": _l("离开"), "cancelled": _l("取消"),
    "joined": _l("汇合"), "opened": _l("任务出现"), "closed": _l("任务办完"), "fired": _l("等到了"),
    "thrown": _l("发出"), "caught": _l("接住"), "sent": _l("送出"), "called": _l("调用流程"),
    "compensated": _l("撤销"), "variable": _l("变量"), "ended": _l("结束"),
    "decided": _l("决策"), "claimed": _l("认领"), "released": _l("放回"), "delegated": _l("转办"),
    "due": _l("改期限"), "suspended": _l("暂停"), "resumed": _l("恢复"), "retried": _l("重试"),
    "skipped": _l("跳过"), "moved": _l("移动"), "changed": _l("改数据"), "failed": _l("失败"),
    "incident": _l("故障"), "migrated": _l("换版本"),
}  # fmt: skip
# why a step failed: `failures.Stuck.reason`, or which part of the platform it was
TROUBLES = {
    "handler": _l("处理程序出错"), "failure": _l("执行出错"), "job": _l("后台任务出错"),
    "timer": _l("定时出错"), "message": _l("消息没有送达"), "expression": _l("表达式算不出来"),
    "no_way_out": _l("没有出口可走"), "uncaught_error": _l("业务错误没人接"),
    "no_handler": _l("没有处理程序"), "no_decision": _l("没有决策表"),
    "decision": _l("决策表的结果不对"), "not_deployed": _l("流程没有发布"),
    "deadlock": _l("流程走不下去"), "limit": _l("超出上限"), "budget": _l("可能是死循环"),
    "script": _l("脚本不能执行"), "no_start": _l("没有开始"),
}  # fmt: skip


def element(kind: str) -> str:
    """The kind of an element, by the class that runs it."""
    return str(ELEMENTS.get(kind, kind))


def event(kind: str) -> str:
    """A line of the history in a word."""
    return str(EVENTS.get(kind, kind))


def trouble(kind: str) -> str:
    """Why a step failed, in a few words."""
    return str(TROUBLES.get(kind, kind))
