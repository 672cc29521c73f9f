"""Who may get messages, by the settings: nothing is ever sent to anybody else."""

from dataclasses import dataclass, field
from functools import cached_property

from webapp.settings import MAIL_ADDRESS, WEBHOOK, Settings


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that takes messages. The name is shown; the address is a secret."""

    name: str
    kind: str  # json, slack, mattermost or teams
    url: str = field(repr=False)


class Recipients:
    """Those whom the operator allows. A webhook goes by its name, which has no @ in it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def webhooks(self) -> dict[str, Webhook]:
        """By their names, in the order of the settings."""
        found = filter(None, map(WEBHOOK.fullmatch, self._settings.webhooks))
        return {one["name"]: Webhook(one["name"], one["kind"], one["url"]) for one in found}

    @cached_property
    def addresses(self) -> list[str]:
        """The e-mail addresses that are named one by one."""
        return [one for one in self._settings.mail_to if not one.startswith("@")]

    @cached_property
    def domains(self) -> list[str]:
        """The domains of which every address is allowed, each with its @."""
        return [one for one in self._settings.mail_to if one.startswith("@")]

    @property
    def named(self) -> list[str]:
        """All that can be chosen without typing an address."""
        return [*self.webhooks, *self.addresses]

    @property
    def any(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self._settings.webhooks or self._settings.mail_to)

    def allows(self, recipient: str) -> bool:
        """Whether messages may be sent there."""
        return recipient in self.named or self.allows_typed(recipient)

    def allows_typed(self, address: str) -> bool:
        """Whether somebody may type this e-mail address: it is one, and of an allowed domain."""
        domain = "@" + address.rpartition("@")[2].lower()
        allowed = domain in {one.lower() for one in self.domains}
        return allowed and MAIL_ADDRESS.fullmatch(address) is not None
