"""What an error page says for each status: what happened and what to do now."""

from __future__ import annotations

from dataclasses import dataclass

from creditsvc.kernel.text import Bilingual


@dataclass(frozen=True, slots=True)
class ErrorText:
    """A heading and the next step."""

    title: Bilingual
    advice: Bilingual


def _text(zh: str, en: str, advice_zh: str, advice_en: str) -> ErrorText:
    return ErrorText(Bilingual(zh, en), Bilingual(advice_zh, advice_en))


TEXTS: dict[int, ErrorText] = {
    400: _text("无法识别的请求", "We could not read the request",
               "请检查地址或者填写的内容，然后重试。", "Check the address or what was filled in, then try again."),
    401: _text("请先登录", "Sign in first",
               "登录可能已经结束。请重新登录后再试。", "Your session may have ended. Sign in and try again."),
    403: _text("不能使用此功能", "You may not use this",
               "您的账户没有此项权限。需要时请联系本单位的管理人员。",
               "This account does not have the permission. If you need it, ask whoever manages accounts in your unit."),
    404: _text("没有找到", "Not found",
               "地址可能有误，或者内容不向您开放。请从首页重新进入。",
               "The address may be wrong, or the content is not open to you. Start again from the first page."),
    405: _text("不支持这种操作", "This cannot be done here",
               "请返回上一页，用页面上的按钮操作。", "Go back and use the buttons of the page."),
    409: _text("情况已经变化", "Things have changed meanwhile",
               "有人在您之前作了修改。请刷新后核对，再决定是否继续。",
               "Somebody changed this before you. Reload, compare, and decide again."),
    410: _text("已经不再提供", "No longer here",
               "这项内容已经移除，不会恢复。", "It has been removed and will not come back."),
    412: _text("版本不一致", "The version does not agree",
               "请重新读取最新版本，再提交修改。", "Read the newest version, then send the change again."),
    413: _text("内容过大", "Too large",
               "请把文件拆小后分次提交。", "Split the file and send the parts."),
    415: _text("不支持这种文件或者格式", "This kind of file or format is not read",
               "请改用页面或者接口文档列出的格式。", "Use one of the formats that the page or the API document names."),
    422: _text("填写的内容不符合要求", "Something is not filled in right",
               "请按提示逐项修改后重新提交。", "Correct each item that is named and send it again."),
    428: _text("缺少版本条件", "The condition is missing",
               "修改时请附上 If-Match。", "Send If-Match with the change."),
    429: _text("操作过于频繁", "Too many tries",
               "请稍等几分钟再试。", "Wait a few minutes, then try again."),
    500: _text("系统出现故障", "Something went wrong here",
               "您填写的内容没有保存。请稍后再试；再次出现时，请把下面的编号告诉我们。",
               "What you filled in was not saved. Try again later; if it happens again, tell us the number below."),
    503: _text("暂时不能提供服务", "Not available at the moment",
               "请稍后再试。暂时无法查询不代表任何人受到限制。",
               "Try again later. That we cannot answer now does not mean that anybody is restricted."),
}  # fmt: skip
UNKNOWN = _text("无法完成", "This could not be done", "请返回上一页重试。", "Go back and try again.")
