"""What `linkboard demo` does: settings and data of its own, a simulated ICA, and the dashboard."""

import tempfile
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from webapp import serve
from webapp.demo import examples
from webapp.settings import PREFIX, Settings, SettingsError

HOST = "127.0.0.1"
API_KEY = "demo-key"  # of the simulator's user `demo`
ITEMS_PER_SECOND = 25  # of each batch: 500 items end in 21 s, 25,000 in 17 minutes
USED_SETTINGS = (f"{PREFIX}PORT", f"{PREFIX}LOG_LEVEL")  # besides DATA_DIR
DATABASE_FILE = "demo.db"


def serve_demo(environ: Mapping[str, str]) -> None:
    """Serve the demo until SIGTERM or SIGINT.

    Of Linkboard's settings in `environ` it uses only DATA_DIR and USED_SETTINGS, so that a demo
    never uses a real ICA or real data. Raises SettingsError when one of them can't be used.
    """
    with _data_folder(environ) as data_folder:
        folder = Path(data_folder)
        port = _simulator_port(folder)
        root = f"http://{HOST}:{port}"
        given = _environment(environ, folder, root)
        if not (folder / DATABASE_FILE).exists():
            where = f"http://{HOST}:{Settings.from_environment(given).port}"
            threading.Thread(target=examples.make_all, args=(where, root), daemon=True).start()
        options = ["--port", str(port), "--rate", str(ITEMS_PER_SECOND)]
        options += ["--state", str(folder / "simulator.jsonl")]
        simulator = serve.command("simulated ICA", given, "simulate", *options)
        serve.serve(given, app="webapp.demo.app:create_app", also=[simulator])


def _data_folder(environ: Mapping[str, str]) -> AbstractContextManager[str]:
    """The folder of the data: LINKBOARD_DATA_DIR, else one that is deleted when the demo ends."""
    chosen = environ.get(f"{PREFIX}DATA_DIR", "").strip()
    if not chosen:
        return tempfile.TemporaryDirectory(prefix="linkboard-demo-")
    folder = Path(chosen).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{PREFIX}DATA_DIR can't be used: {error}.") from error
    return nullcontext(str(folder))


def _environment(environ: Mapping[str, str], folder: Path, simulator: str) -> dict[str, str]:
    """The environment of all processes of the demo."""
    quiet = {f"{PREFIX}LOG_LEVEL": "WARNING"}
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(PREFIX) or (name in USED_SETTINGS and value)
    }
    ours = {
        "HOST": HOST,
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / DATABASE_FILE}",
        "ICA_URL": f"{simulator}/ica/rest",
        "DEMO_KEY": API_KEY,
        "CALLS_PER_SECOND": "50",
    }
    return quiet | kept | {PREFIX + name: value for name, value in ours.items()}


def _simulator_port(folder: Path) -> int:
    """The port of the simulated ICA: a free one at first, then the one kept in the folder.

    Accounts and submissions belong to an address of ICA, so it must not change between two runs.
    Raises SettingsError when another program uses the port now.
    """
    file = folder / "simulator.port"
    wanted = int(file.read_text()) if file.exists() else 0
    with serve.listen(HOST, wanted) as listener:
        port: int = listener.getsockname()[1]
    file.write_text(f"{port}\n")
    return port
