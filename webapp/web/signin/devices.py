"""What browser a session was opened with, in a few words.

Not ua-parser: it tries hundreds of regular expressions on a text that anybody may send.
"""

from collections.abc import Mapping

LOOKED_AT_CHARACTERS = 500
UNKNOWN = "Unknown browser"
BROWSERS = {  # what the browser's own text has -> its name; the first that fits, since they copy
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
    "curl/": "curl",
    "python-requests": "Python",
}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def device(user_agent: str) -> str:
    """Browser and system, such as "Firefox on Linux". Only words of ours: the text is anybody's."""
    browser = _first(BROWSERS, user_agent) or UNKNOWN
    system = _first(SYSTEMS, user_agent)
    return f"{browser} on {system}" if system else browser


def _first(words: Mapping[str, str], user_agent: str) -> str:
    looked_at = user_agent[:LOOKED_AT_CHARACTERS]
    return next((name for word, name in words.items() if word in looked_at), "")
