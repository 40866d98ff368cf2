"""The command line: every command, and one sentence instead of a traceback for what can be expected to fail."""

from collections.abc import Sequence

from cyclopts import App, CycloptsError, Parameter

from entrepot import __version__
from entrepot.commands.audit import audit
from entrepot.commands.check import check
from entrepot.commands.config import config, version
from entrepot.commands.hold import hold
from entrepot.commands.image import image
from entrepot.commands.immutable import immutable
from entrepot.commands.job import job
from entrepot.commands.printing import UsageWrong, say
from entrepot.commands.project import project
from entrepot.commands.quota import quota
from entrepot.commands.retention import retention
from entrepot.commands.serve import serve
from entrepot.commands.tag import tag
from entrepot.commands.token import token
from entrepot.commands.trash import trash
from entrepot.commands.user import user
from entrepot.commands.work import work
from entrepot.model.errors import EntrepotError, Invalid
from entrepot.server.claim import AlreadyRunning
from entrepot.server.sockets import ListenFailed
from entrepot.server.tls import TlsFailed
from entrepot.server.workers import StartFailed
from entrepot.settings_values import SettingsInvalid

FAILED = 1
WRONG_USAGE = 2
INTERRUPTED = 130


def command_line() -> App:
    """A new parser with every command."""
    app = App(
        name="entrepot",
        help="Entrepot: an OCI registry, and what an organisation wants around it.",
        help_epilogue="Example:\n\n  entrepot serve --data /srv/entrepot --listen :5000 --tls-self-signed",
        version=__version__,
        help_format="plaintext",
        default_parameter=Parameter(show_default=False),
        result_action="return_value",
    )
    app.command(
        serve,
        help_epilogue="Examples:\n\n  entrepot serve\n\n"
        "  entrepot serve --data /srv/entrepot --listen :5000 --tls-self-signed\n\n"
        "  entrepot serve --database postgresql://entrepot@db/entrepot --storage s3://blobs",
    )
    app.command(
        work,
        help_epilogue="Example:\n\n  entrepot work --database postgresql://entrepot@db/entrepot --storage s3://blobs",
    )
    app.command(project)
    app.command(quota)
    app.command(trash)
    app.command(tag)
    app.command(image)
    app.command(hold)
    app.command(user)
    app.command(
        token,
        help_epilogue="Example:\n\n  entrepot token alice --scope repository:library/hello:pull,push --lifetime 10m",
    )
    app.command(
        check,
        help_epilogue="Examples:\n\n  entrepot check\n\n  entrepot check --repair\n\n"
        "  entrepot check --data /srv/entrepot --json",
    )
    app.command(audit)
    app.command(job)
    app.command(retention)
    app.command(immutable)
    app.command(config, help_epilogue="Example:\n\n  entrepot config --data /srv/entrepot")
    app.command(version)
    return app


def run(arguments: Sequence[str]) -> int:
    """The exit code of the command: 0 it is done, 1 it failed, 2 it was not understood."""
    try:
        code = command_line()(list(arguments), exit_on_error=False, print_error=False)
    except CycloptsError as error:
        say(f"entrepot: {' '.join(str(error).split())}")
        return WRONG_USAGE
    except (SettingsInvalid, UsageWrong, Invalid) as error:
        say(f"entrepot: {error}")
        return WRONG_USAGE
    except (EntrepotError, AlreadyRunning, ListenFailed, StartFailed, TlsFailed) as error:
        say(f"entrepot: {error}")
        return FAILED
    except PermissionError as error:
        say(f"entrepot: {error.filename}: this user may not use it")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    return code if isinstance(code, int) else 0
