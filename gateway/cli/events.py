"""gateway events: what happens to prices, told by a gateway that runs somewhere."""

import asyncio
import signal
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gateway.follower import Follower

app = typer.Typer(help="Pricing events, as a gateway tells them.", no_args_is_help=True)

Materials = Annotated[
    list[str] | None, typer.Option("--material", help="Only events of this material; repeatable.")
]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", help="Only events of this type, as calculation_recorded; repeatable."),
]
Customer = Annotated[
    str | None, typer.Option(help="Only calculations of this customer, by its global id.")
]
After = Annotated[str | None, typer.Option(help="Begin after the event with this cursor.")]
Url = Annotated[
    str | None,
    typer.Option(help="Where the gateway answers; unset, by GATEWAY_HOST and GATEWAY_PORT."),
]
Key = Annotated[
    str | None, typer.Option(envvar="GATEWAY_API_KEY", help="An API key, or another bearer token.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print each event as one line of JSON.")]

_SUBSCRIPTION = """
subscription Tail($materials: [String!], $customerId: ID, $types: [PricingEventType!], $after: String) {
  pricingEvents(materials: $materials, customerId: $customerId, types: $types, after: $after) {
    type: __typename
    id
    cursor
    occurredAt
    ... on CalculationRecorded {
      calculation { id material process quantity totalPrice customer { companyName } }
    }
    ... on MaterialPriceChanged { material { name } oldPricePerKg newPricePerKg }
  }
}
"""


@app.callback()
def events() -> None:
    """Keeps `tail` a command of its own while there is no other."""


@app.command()
def tail(
    material: Materials = None,
    type_: Types = None,
    customer: Customer = None,
    after: After = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Print events as they happen until Ctrl-C or SIGTERM; after every break it goes on where it was."""
    from contextlib import suppress

    from gateway.follower import FollowError
    from gateway.listener import url_at
    from gateway.settings import listening_address

    url = url or f"{url_at(*listening_address())}/graphql"
    variables = {
        "materials": material,
        "customerId": customer,
        "types": [each.upper().replace("-", "_") for each in type_] if type_ else None,
        "after": after,
    }
    try:
        with suppress(asyncio.CancelledError):
            asyncio.run(_follow(url, key, variables, as_json=as_json))
    except FollowError as error:
        _tell(str(error))
        raise typer.Exit(1) from None


async def _follow(url: str, key: str | None, variables: dict[str, Any], *, as_json: bool) -> None:
    import httpx

    from gateway.follower import Follower

    _cancel_on_signal()
    headers = {"authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(headers=headers) as client:
        follower = Follower(client, url, _SUBSCRIPTION, variables, _tell)
        try:
            await _print(follower, as_json=as_json)
        finally:
            if follower.after != variables["after"]:
                _tell(f"Go on here with --after {follower.after}")


def _cancel_on_signal() -> None:
    """Also where a shell started us in the background and would have Ctrl-C ignored."""
    running = asyncio.current_task()
    assert running is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)


async def _print(follower: "Follower", *, as_json: bool) -> None:
    import orjson

    async for result in follower.results():
        event: dict[str, Any] | None = (result["data"] or {}).get("pricingEvents")
        if event is not None:
            line = orjson.dumps(event).decode() if as_json else describe(event)
            print(line, flush=True)
        for error in result.get("errors", []):
            _tell(error["message"])


def describe(event: dict[str, Any]) -> str:
    """One line for people."""
    moment = event["occurredAt"][:19].replace("T", " ")
    if event["type"] == "MaterialPriceChanged":
        name = (event["material"] or {}).get("name", "a material")
        prices = f"{event['oldPricePerKg']} -> {event['newPricePerKg']}"
        return f"{moment}  price        {name}  {prices} per kg"
    found = event.get("calculation")
    if found is None:
        return f"{moment}  calculation  deleted meanwhile"
    customer = (found["customer"] or {}).get("companyName", "")
    return (
        f"{moment}  calculation  {found['material']}  {found['process']}  "
        f"{found['quantity']} pieces  {found['totalPrice']}  {customer}  {found['id']}"
    )


def _tell(message: str) -> None:
    typer.echo(f"gateway: {message}", err=True)
