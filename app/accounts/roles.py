"""The roles of the standard practice (conventions §10): the groups that its flows name."""

from app.accounts.models import Group
from app.db import db

ROLES = [
    ("sales_rep", "销售代表"), ("sales_manager", "销售经理"), ("sales_director", "销售总监"),
    ("general_manager", "总经理"), ("sales_planner", "销售计划专员"), ("order_clerk", "商务专员"),
    ("info_specialist", "信息专员"), ("pricing_manager", "价格主管"),
    ("marketing_specialist", "市场专员"), ("marketing_manager", "市场经理"),
    ("marketing_director", "市场总监"), ("competitive_analyst", "竞争情报专员"),
    ("service_agent", "客服坐席"), ("service_engineer", "服务工程师"), ("dispatcher", "派工员"),
    ("service_manager", "服务经理"), ("customer_director", "客户总监"), ("callback_agent", "回访员"),
    ("survey_officer", "调查专员"), ("parts_keeper", "备件管理员"),
    ("finance_clerk", "财务专员"), ("finance_manager", "财务经理"), ("cashier", "出纳"),
    ("credit_controller", "信用专员"), ("warehouse_keeper", "仓库管理员"),
    ("qc_inspector", "质检员"), ("product_expert", "产品专家"), ("knowledge_editor", "知识编辑"),
    ("knowledge_admin", "知识管理员"), ("delivery_manager", "交付经理"),
    ("project_manager", "项目经理"), ("production_planner", "生产计划员"), ("trainer", "培训讲师"),
    ("legal", "法务"), ("bid_specialist", "投标专员"), ("channel_manager", "渠道经理"),
    ("store_manager", "门店经理"), ("store_clerk", "营业员(店小二)"),
    ("region_reviewer", "大区门店客户管理经理"), ("promotion_staff", "促销人员"),
    ("receptionist", "客户接洽"), ("customer_finder", "寻找客户角色"), ("hotline_agent", "话务代表"),
    ("hotline_engineer", "热线工程师"), ("info_coordinator", "信息协调员"),
    ("repair_coordinator", "维修协调员"), ("complaint_officer", "投诉专员"),
    ("product_interface", "产品接口人"), ("tech_supervisor", "技术主管"),
    ("technical_center", "技术中心"), ("quality_dept", "品管部"), ("counter_clerk", "受理营业员"),
    ("resource_admin", "资源管理员"), ("installer", "装机员"), ("analyst", "统计分析人员"),
    ("teacher", "教师"), ("student", "学生"), ("admin", "系统管理员"),
]  # fmt: skip


def found_roles() -> None:
    """Every role of the register exists; what a company has renamed stays as it is."""
    for id, name in ROLES:
        if db.session.get(Group, id) is None:
            db.session.add(Group(id=id, name=name))
    db.session.flush()
