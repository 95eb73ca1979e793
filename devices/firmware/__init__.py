"""Firmware over the air: packages, who is sent which in which order, and what becomes of it on each device."""
