"""Which versions are installed, without importing what is asked about."""

from __future__ import annotations

__all__ = ["library_version", "version_of"]


def library_version() -> str:
    """The version of this library, or ``unknown`` where it runs without having been installed."""
    return version_of("commitments") or "unknown"


def version_of(distribution: str) -> str | None:
    """The installed version of ``distribution``; ``None`` if it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
