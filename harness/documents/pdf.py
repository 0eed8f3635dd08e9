"""PDF from our own HTML by WeasyPrint: tagged (PDF/UA-1), fonts embedded, nothing fetched. It is an extra."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from harness.errors import EnvironmentFailed


def pdf_bytes(page: str) -> bytes:
    """The page as PDF. EnvironmentFailed says what to install where the extra or its libraries are missing."""
    found = _weasyprint().HTML(string=page, url_fetcher=no_fetcher()).write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True)
    return bytes(found)


def sheet_pdf_bytes(page: str) -> bytes:
    """The page of sheet_page as PDF, laid out so that WeasyPrint sets it as browsers do."""
    css = files("harness.documents").joinpath("sheet_print.css").read_text("utf-8")
    return pdf_bytes(page.replace("</style>", f"{css}</style>", 1))


def why_no_pdf() -> EnvironmentFailed | None:
    """What is missing for PDF; None when nothing is."""
    try:
        _weasyprint()
    except EnvironmentFailed as missing:
        return missing
    return None


def no_fetcher() -> Any:
    """A fetcher that fetches nothing: neither from the network nor from this machine's files nor out of the page."""
    return _weasyprint().urls.URLFetcher(allowed_protocols=())


def _weasyprint() -> Any:
    try:
        import weasyprint
    except ImportError:
        raise EnvironmentFailed("report.no_weasyprint") from None
    except OSError as error:  # Pango is not Python's and comes from the system
        raise EnvironmentFailed("report.no_pango", reason=str(error).splitlines()[0]) from None
    return weasyprint
