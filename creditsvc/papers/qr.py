"""QR codes (ISO/IEC 18004) as SVG, for papers and pages."""

from __future__ import annotations

from io import BytesIO

import segno


def qr(text: str) -> str:
    """The SVG of a code with error correction M: it still reads when a stamp covers a corner."""
    out = BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=0, xmldecl=False, svgns=True, nl=False)
    return out.getvalue().decode()
