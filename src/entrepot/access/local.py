"""Grants that need no sign-in: for commands run on the machine itself, and for the registry's own work."""

from entrepot.model.grant import Principal, Proof, SystemGrant

SHELL = Principal(user_id=None, name="shell", admin=True, proof=Proof.SHELL)
ITSELF = Principal(user_id=None, name="entrepot", admin=True, proof=Proof.ITSELF)


def shell_grant() -> SystemGrant:
    """The right of somebody who can read the data folder, and so could change anything anyway."""
    return SystemGrant(principal=SHELL)


def itself_grant() -> SystemGrant:
    """The right of the registry itself, for work that nobody asked for."""
    return SystemGrant(principal=ITSELF)
