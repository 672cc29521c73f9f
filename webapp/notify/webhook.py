"""Sends a message to a webhook: signed JSON for a program, or what a chat takes.

The signature is that of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over key,
timestamp and body.
"""

import base64
import hashlib
import hmac
import json
import re
from typing import Any

import requests

from webapp import __version__
from webapp.network import deadlines
from webapp.network.failures import NETWORK_ERRORS, reason
from webapp.network.timed_sockets import Adapter
from webapp.notify.errors import Failure, Unsent
from webapp.notify.message import Message
from webapp.notify.recipients import Webhook

TIMEOUTS = (3.05, 8.0)  # seconds for connecting, and between two pieces of the answer
JSON = "application/json"
MAX_WAIT_SECONDS = 3600.0
_SECONDS = re.compile(r"\d{1,9}", re.ASCII)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|<>~-])")


def send(webhook: Webhook, message: Message, secret: str, now: float) -> None:
    """Send it; returns once the receiver has answered 2xx. `now`: seconds since 1970.

    Raises Unsent otherwise. No redirect is followed, and nothing of an answer is read but its head.
    """
    body = json.dumps(_document(webhook.kind, message), ensure_ascii=False).encode()
    headers = {"Content-Type": JSON, "webhook-id": message.key}
    if webhook.kind == "json":
        headers |= signed(secret, message.key, round(now), body)
    response = _call("POST", webhook, body, headers)
    if not 200 <= response.status_code < 300:
        raise _refusal(response)


def reach(webhook: Webhook) -> None:
    """See whether anything answers there, without sending a message. Raises Unsent if nothing."""
    _call("HEAD", webhook, None, {})


def signed(secret: str, key: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers by which a receiver tells that the body is ours, and how old it is."""
    content = f"{key}.{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), content, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-timestamp": str(timestamp), "webhook-signature": signature}


def _call(
    method: str, webhook: Webhook, body: bytes | None, headers: dict[str, str]
) -> requests.Response:
    """The head of the answer. Proxies and certificates come from the environment."""
    headers |= {"User-Agent": f"linkboard/{__version__}"}
    try:
        with requests.Session() as session:
            for scheme in ("https://", "http://"):
                session.mount(scheme, Adapter(max_retries=0))
            with session.request(
                method,
                webhook.url,
                data=body,
                headers=headers,
                auth=_as_it_is,
                timeout=TIMEOUTS,
                allow_redirects=False,
                stream=True,
            ) as response:
                return response
    except UnicodeDecodeError:  # requests looks where a redirect leads, followed or not
        why = "it answered with a redirect, which is not followed"
        raise Unsent(Failure.REFUSED, why) from None
    except NETWORK_ERRORS as error:
        # from None: the error quotes the address, which is a secret
        why = reason(error, too_slow=deadlines.left() <= 0)
        raise Unsent(Failure.UNREACHABLE, why) from None


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Without this, a password of .netrc would be sent along."""
    return request


def _refusal(response: requests.Response) -> Unsent:
    status = response.status_code
    why = f"it answered with the status {status}"
    if status in {408, 425, 429, 503}:
        wait = _wait_seconds(response.headers.get("Retry-After", ""))
        return Unsent(Failure.RATE_LIMITED, why, status=status, retry_after=wait)
    if status >= 500:
        return Unsent(Failure.SERVER_ERROR, why, status=status)
    if 300 <= status < 400:
        why += ", a redirect, which is not followed"
    return Unsent(Failure.REFUSED, why, status=status)


def _wait_seconds(retry_after: str) -> float | None:
    """Where it is a date, the usual pauses hold."""
    found = _SECONDS.fullmatch(retry_after.strip())
    return min(float(found[0]), MAX_WAIT_SECONDS) if found else None


def _document(kind: str, message: Message) -> dict[str, Any]:
    """The body that a receiver of this kind takes."""
    if kind == "json":
        return message.document
    if kind == "teams":
        return _card(message)
    if kind == "slack":
        return {"text": _chat_text(message, _for_slack, "*", "<{}|Show it>")}
    return {"text": _chat_text(message, _for_markdown, "**", "[Show it]({})")}


def _chat_text(message: Message, escaped: Any, bold: str, link: str) -> str:
    """Lines as chats show them; nothing that somebody named is read as markup or calls anybody."""
    lines = [f"{bold}{escaped(message.headline)}{bold}"]
    lines.append(", ".join(f"{escaped(word)}: {count}" for word, count in message.facts))
    lines += [f"• {escaped(line)}" for line in message.why]
    if message.link:
        lines.append(link.format(message.link))
    return "\n".join(filter(None, lines))


def _for_slack(text: str) -> str:
    for mark, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(mark, name)
    return _calling_nobody(text)


def _for_markdown(text: str) -> str:
    return _calling_nobody(_MARKDOWN.sub(r"\\\1", text))


def _calling_nobody(text: str) -> str:
    """“@channel” in a list's name is no call to all: a character without width stands behind @."""
    return text.replace("@", "@\u200b")


def _card(message: Message) -> dict[str, Any]:
    """An Adaptive Card, as a workflow of Teams takes it; its text runs know no markup."""
    body: list[dict[str, Any]] = [_runs(message.headline, weight="Bolder")]
    body += [_runs(f"{word}: {count}") for word, count in message.facts]
    body += [_runs(f"• {line}") for line in message.why]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    if message.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Show it", "url": message.link}]
    media = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": media, "content": card}]}


def _runs(text: str, **look: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **look}]}
