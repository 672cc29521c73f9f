"""The demo's own dashboard: where its data lie, where its ICA is, and what runs."""

import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from webapp import serve
from webapp.demo import examples
from webapp.settings import PREFIX, Settings, SettingsError

HOST = "127.0.0.1"
KEY = "demo-key"  # the simulator's users have their name and "-key"
RATE = 25  # items a second of each batch: 500 come home in 21 s, 25,000 in 17 minutes
KEPT = (f"{PREFIX}PORT", f"{PREFIX}LOG_LEVEL")  # of the user's own settings, beside DATA_DIR
DATABASE = "demo.db"


def run(environ: Mapping[str, str]) -> None:
    """Serve the demo until SIGTERM or SIGINT.

    Of Linkboard's settings in `environ` only DATA_DIR and KEPT are heeded, so that a demo never
    meets a real ICA or real data. Raises SettingsError when one of them can't be used.
    """
    with _folder(environ) as folder:
        port = _icas_port(folder)
        root = f"http://{HOST}:{port}"
        given = _settings(environ, folder, root)
        if not (folder / DATABASE).exists():
            where = f"http://{HOST}:{Settings.from_environment(given).port}"
            threading.Thread(target=examples.make, args=(where, root), daemon=True).start()
        options = ["--port", str(port), "--rate", str(RATE)]
        options += ["--state", str(folder / "simulator.jsonl")]
        simulator = serve.command("simulated ICA", given, "simulate", *options)
        serve.serve(given, also=[simulator])


@contextmanager
def _folder(environ: Mapping[str, str]) -> Iterator[Path]:
    """The folder of the data: LINKBOARD_DATA_DIR, else one that is gone when the demo ends."""
    chosen = environ.get(f"{PREFIX}DATA_DIR", "").strip()
    if not chosen:
        with tempfile.TemporaryDirectory(prefix="linkboard-demo-") as made:
            yield Path(made)
        return
    folder = Path(chosen).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{PREFIX}DATA_DIR can't be used: {error}.") from error
    yield folder


def _settings(environ: Mapping[str, str], folder: Path, simulator: str) -> dict[str, str]:
    """The environment of all processes of the demo."""
    quiet = {f"{PREFIX}LOG_LEVEL": "WARNING"}
    kept = {k: v for k, v in environ.items() if not k.startswith(PREFIX) or (k in KEPT and v)}
    ours = {
        "HOST": HOST,
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / DATABASE}",
        "ICA_URL": f"{simulator}/ica/rest",
        "DEMO_KEY": KEY,
        "CALLS_PER_SECOND": "50",
    }
    return quiet | kept | {PREFIX + name: value for name, value in ours.items()}


def _icas_port(folder: Path) -> int:
    """The port of the simulated ICA: a free one, and the same again in a folder that is kept.

    Accounts and submissions belong to an address of ICA, so it must not change between two runs.
    Raises SettingsError when somebody else has taken it meanwhile.
    """
    note = folder / "simulator.port"
    wanted = int(note.read_text()) if note.exists() else 0
    with serve.listen(HOST, wanted) as listener:
        port: int = listener.getsockname()[1]
    note.write_text(f"{port}\n")
    return port
