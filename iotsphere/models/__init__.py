from iotsphere.models.dashboard import Dashboard
from iotsphere.models.user import User

__all__ = ["Dashboard", "User"]
