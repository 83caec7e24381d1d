"""Uploaded bytes on their way out: always a download, never a page."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response

from repair.evidence import Paper


def paper_answer(paper: Paper, content: bytes) -> Response:
    """The paper as an attachment that no browser renders, sniffs or keeps."""
    return Response(
        content,
        mimetype=paper.media_type,
        headers={
            "Content-Disposition": f"attachment; filename=\"paper\"; filename*=UTF-8''{quote(paper.name)}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "no-store",
            "Cross-Origin-Resource-Policy": "same-origin",
        },
    )


def letter_answer(pdf: bytes, application_id: str) -> Response:
    """The signed letter of a decision as an attachment."""
    return Response(
        pdf,
        mimetype="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="decision-{application_id}.pdf"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )
