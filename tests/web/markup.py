"""Reading a page as a browser would: its elements, its forms, its links."""

from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "rect", "source", "use"}


class Element:
    """One element: its tag, its attributes, and the text within it."""

    def __init__(self, tag, attributes):
        self.tag = tag
        self.attributes = attributes
        self.text = ""

    def __getitem__(self, name):
        return self.attributes.get(name)

    def __contains__(self, name):
        return name in self.attributes


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []
        self.open = []

    def handle_starttag(self, tag, attrs):
        element = Element(tag, dict(attrs))
        self.found.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        if tag in [element.tag for element in self.open]:
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data):
        for element in self.open:
            element.text += data


def elements(answer, tag="", **attributes):
    """The elements of a page with this tag and these attributes; None: it only has to be there."""
    reader = _Reader()
    reader.feed(answer.get_data(as_text=True))
    wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    return [
        element
        for element in reader.found
        if (not tag or element.tag == tag)
        and all(
            name in element and value in (None, element[name]) for name, value in wanted.items()
        )
    ]


def element(answer, tag="", **attributes):
    """The only such element."""
    found = elements(answer, tag, **attributes)
    assert len(found) == 1, f"{len(found)} of {tag} {attributes}"
    return found[0]


def with_class(answer, name):
    """The elements that have this class, among others perhaps."""
    return [found for found in elements(answer, class_=None) if name in found["class"].split()]


def link(answer, words):
    """Where the link that says this leads, None when there is none."""
    found = [a for a in elements(answer, "a") if " ".join(a.text.split()) == words]
    return found[0]["href"] if found else None


def rows(answer):
    """The data ids of the item table, in its order."""
    found = elements(answer, "button", data_copy=None)
    return [button["data-copy"] for button in found if button["data-copy"][3:4] == "."]


def field_error(answer, name):
    """The sentence that stands beside a field, "" when there is none."""
    found = elements(answer, id=f"{name}-error") or elements(answer, "p", id=name)
    return found[0].text.strip() if found else ""
