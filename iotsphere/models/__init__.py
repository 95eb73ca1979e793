from iotsphere.models.dashboard import Dashboard
from iotsphere.models.fleet_view import FleetView
from iotsphere.models.sign_in import SignIn
from iotsphere.models.user import User

__all__ = ["Dashboard", "FleetView", "SignIn", "User"]
