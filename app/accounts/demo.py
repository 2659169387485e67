"""The demo company: its departments, positions and people (the catalogue's cast)."""

from app.accounts import roles
from app.accounts.models import Department, Group, Position, User
from app.db import db

PASSWORD = "shunliu"

# id, name, parent, manager
DEPARTMENTS = [
    ("company", "顺流示范公司", None, "gaoyuan"),
    ("sales", "销售中心", "company", "zhaomin"),
    ("east", "华东销售部", "sales", "wangqiang"),
    ("south", "华南销售部", "sales", None),
    ("key", "大客户组", "sales", None),
    ("cnc", "数控事业部", "sales", None),
    ("market", "市场部", "company", "luogang"),
    ("care", "客服部", "company", "suting"),
    ("service", "服务部", "company", "shentao"),
    ("finance", "财务部", "company", "liuyang"),
    ("stock", "仓库", "company", "zhoutao"),
    ("product", "产品部", "company", "luchuan"),
    ("delivery", "交付部", "company", "jiangbo"),
    ("office", "综合管理部", "company", "gaoyuan"),
]

# id, name, parent
POSITIONS = [
    ("general_manager", "总经理", None),
    ("sales_director", "销售总监", "general_manager"),
    ("sales_manager_east", "华东销售经理", "sales_director"),
    ("sales_rep_east", "华东销售代表", "sales_manager_east"),
    ("sales_office", "销售内勤", "sales_director"),
    ("marketing_director", "市场总监", "general_manager"),
    ("marketing_manager", "市场经理", "marketing_director"),
    ("marketing_staff", "市场人员", "marketing_manager"),
    ("customer_director", "客户总监", "general_manager"),
    ("care_staff", "客服人员", "customer_director"),
    ("service_manager", "服务经理", "customer_director"),
    ("service_staff", "服务人员", "service_manager"),
    ("finance_manager", "财务经理", "general_manager"),
    ("finance_staff", "财务人员", "finance_manager"),
    ("delivery_manager", "交付经理", "general_manager"),
    ("delivery_staff", "交付人员", "delivery_manager"),
    ("product_staff", "产品与知识", "general_manager"),
    ("office_staff", "综合管理", "general_manager"),
    ("outside", "外部讲师", None),
]

# login, name, department, position, role
PEOPLE = [
    ("zhangwei", "张伟", "east", "sales_rep_east", "sales_rep"),
    ("lina", "李娜", "east", "sales_rep_east", "sales_rep"),
    ("wangqiang", "王强", "east", "sales_manager_east", "sales_manager"),
    ("zhaomin", "赵敏", "sales", "sales_director", "sales_director"),
    ("gaoyuan", "高远", "company", "general_manager", "general_manager"),
    ("yangfan", "杨帆", "sales", "sales_office", "sales_planner"),
    ("linyue", "林悦", "sales", "sales_office", "order_clerk"),
    ("sunli", "孙丽", "sales", "sales_office", "info_specialist"),
    ("helin", "何琳", "sales", "sales_office", "pricing_manager"),
    ("wuhao", "吴昊", "market", "marketing_staff", "marketing_specialist"),
    ("zhengjie", "郑洁", "market", "marketing_manager", "marketing_manager"),
    ("luogang", "罗刚", "market", "marketing_director", "marketing_director"),
    ("hanxue", "韩雪", "market", "marketing_staff", "competitive_analyst"),
    ("machao", "马超", "care", "care_staff", "service_agent"),
    ("liqiang", "李强", "service", "service_staff", "service_engineer"),
    ("dingjian", "丁健", "service", "service_staff", "service_engineer"),
    ("fanglei", "方磊", "service", "service_staff", "service_engineer"),
    ("caomin", "曹敏", "service", "service_staff", "dispatcher"),
    ("shentao", "沈涛", "service", "service_manager", "service_manager"),
    ("suting", "苏婷", "care", "customer_director", "customer_director"),
    ("tangying", "唐颖", "care", "care_staff", "callback_agent"),
    ("yuanli", "袁莉", "care", "care_staff", "survey_officer"),
    ("shilei", "石磊", "service", "service_staff", "parts_keeper"),
    ("chenjing", "陈静", "finance", "finance_staff", "finance_clerk"),
    ("liuyang", "刘洋", "finance", "finance_manager", "finance_manager"),
    ("xufeng", "许峰", "finance", "finance_staff", "cashier"),
    ("fengkai", "冯凯", "finance", "finance_staff", "credit_controller"),
    ("zhoutao", "周涛", "stock", "delivery_staff", "warehouse_keeper"),
    ("hubin", "胡斌", "delivery", "delivery_staff", "qc_inspector"),
    ("luchuan", "陆川", "product", "product_staff", "product_expert"),
    ("yeqing", "叶青", "product", "product_staff", "knowledge_editor"),
    ("xiayu", "夏雨", "product", "product_staff", "knowledge_admin"),
    ("jiangbo", "江波", "delivery", "delivery_manager", "delivery_manager"),
    ("gucheng", "顾诚", "delivery", "delivery_staff", "project_manager"),
    ("fanli", "范立", "delivery", "delivery_staff", "production_planner"),
    ("zoujing", "邹静", "office", "office_staff", "trainer"),
    ("tanming", "谭明", "office", "office_staff", "legal"),
    ("yinhang", "尹航", "sales", "sales_office", "bid_specialist"),
    ("gongping", "龚平", "market", "marketing_staff", "channel_manager"),
    ("tangli", "汤丽", "sales", "sales_office", "store_manager"),
    ("xuemei", "薛梅", "sales", "sales_office", "store_clerk"),
    ("leiming", "雷鸣", "sales", "sales_office", "region_reviewer"),
    ("shiwen", "施雯", "care", "care_staff", "hotline_agent"),
    ("nigang", "倪刚", "care", "care_staff", "hotline_engineer"),
    ("lumin", "卢敏", "care", "care_staff", "info_coordinator"),
    ("jiangtao", "蒋涛", "service", "service_staff", "repair_coordinator"),
    ("weiran", "魏然", "care", "care_staff", "complaint_officer"),
    ("jiangning", "姜宁", "product", "product_staff", "product_interface"),
    ("daibin", "戴斌", "service", "service_staff", "tech_supervisor"),
    ("renzhong", "任重", "service", "service_staff", "technical_center"),
    ("liaokai", "廖凯", "delivery", "delivery_staff", "quality_dept"),
    ("baijie", "白洁", "office", "outside", "teacher"),
    ("zhouning", "周宁", "office", "office_staff", "admin"),
]


def load_people(password: str = PASSWORD) -> None:
    """The demo company's people exist; those who exist already are left as they are."""
    model = User()
    model.set_password(password)  # hashed once: fifty-three hashes would take seconds
    for id, name, parent, _manager in DEPARTMENTS:
        if db.session.get(Department, id) is None:
            db.session.add(Department(id=id, name=name, parent_id=parent))
            db.session.flush()
    roles.found_roles()
    for id, name, parent in POSITIONS:
        if db.session.get(Position, id) is None:
            db.session.add(Position(id=id, name=name, parent_id=parent))
            db.session.flush()
    for login, name, department, position, group in PEOPLE:
        if db.session.get(User, login) is None:
            person = User(
                login=login,
                name=name,
                email=f"{login}@example.com",
                password_hash=model.password_hash,
                department_id=department,
                position_id=position,
            )
            person.groups = [db.session.get_one(Group, group)]
            db.session.add(person)
    db.session.flush()
    for id, _name, _parent, manager in DEPARTMENTS:
        db.session.get_one(Department, id).manager_login = manager
    db.session.flush()
