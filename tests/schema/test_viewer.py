"""Viewer: who asks, as the operation's context says."""

from tests.schema.workshop import Workshop


async def test_the_viewer_is_told_who_it_is_and_no_store_is_asked(workshop: Workshop) -> None:
    data = await workshop.data("{ viewer { id name roles } }")

    assert data["viewer"] == {"id": "test", "name": "Test", "roles": ["ADMIN"]}
    assert workshop.calls == []
