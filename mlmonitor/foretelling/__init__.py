"""Devices that foretell: when something will have to be done to them, and what is unusual about them now."""
