"""Company: names of companies and of the people who order for them; none is meant to be a real one."""

from itertools import product

_PLACES = (
    "Alder Creek", "Blackwater", "Cedar Falls", "Copper Ridge", "Eastgate", "Fairhaven",
    "Granite Bay", "Harborview", "Iron Valley", "Juniper Hill", "Kestrel", "Lakeshore",
    "Meridian", "Northfield", "Oakhurst", "Pinecrest", "Quarry Lane", "Redstone", "Silverton",
    "Stonebridge", "Thornbury", "Union Mills", "Westbrook", "Windmere", "Wolf Run", "Ashford",
    "Bayside", "Cascade", "Dunmore", "Elm Grove", "Foxglove", "Glenwood", "Highmark", "Kingsley",
    "Larkspur", "Millbrook", "Norwood", "Orchard Park", "Prairie", "Riverbend", "Summit",
    "Tidewater", "Valley Forge Road", "Wexford", "Yarrow", "Zephyr", "Birchwood", "Clearwater",
)  # fmt: skip
_TRADES = (
    "Aerospace", "Automation", "Bearings", "Castings", "Controls", "Dynamics", "Energy",
    "Fabrication", "Fluid Power", "Gearworks", "Hydraulics", "Instruments", "Machining",
    "Marine", "Medical Devices", "Motion", "Optics", "Precision", "Propulsion", "Pumps",
    "Rail Systems", "Robotics", "Tooling", "Turbines", "Valves",
)  # fmt: skip
_FORMS = ("Inc.", "LLC", "GmbH", "Ltd.", "Group", "Corporation", "Works", "& Sons")
_FIRST_NAMES = (
    "Amara", "Ben", "Carla", "Deniz", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Keiko",
    "Lena", "Mateo", "Nadia", "Oscar", "Priya", "Quentin", "Rosa", "Samir", "Tess", "Uma", "Viktor",
    "Wanda", "Xavier", "Yara", "Zoe",
)  # fmt: skip
_LAST_NAMES = (
    "Adler", "Bianchi", "Castro", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito",
    "Jensen", "Kowalski", "Larsen", "Moreau", "Novak", "Okafor", "Petrov", "Quinn", "Rossi",
    "Schmidt", "Tanaka", "Ueda", "Vargas", "Weber", "Xu", "Yilmaz", "Zimmer",
)  # fmt: skip

_NAMES = [" ".join(parts) for parts in product(_PLACES, _TRADES, _FORMS)]
# Prime to the number of names, so that neighbours differ in every part and none repeats early.
_STRIDE = 4_817


def company_name(number: int) -> str:
    """Different for every number; large seeds number their branches."""
    round_number, rest = divmod(number, len(_NAMES))
    name = _NAMES[(rest * _STRIDE + 613) % len(_NAMES)]
    return name if round_number == 0 else f"{name} Branch {round_number + 1}"


def email(number: int) -> str:
    """Under a domain that is reserved for examples, so that no mail ever goes out."""
    first = _FIRST_NAMES[number % len(_FIRST_NAMES)]
    last = _LAST_NAMES[number // len(_FIRST_NAMES) % len(_LAST_NAMES)]
    place = company_name(number).split(" ")[0].lower()
    return f"{first}.{last}.{number}@{place}.example".lower()
