"""Manufacturing: the closed lists of how a part is made, finished, proven and delivered."""

from datasources.records import (
    DeliveryTimeline,
    Process,
    SpecialRequirement,
    SurfaceFinish,
    ToleranceClass,
)
from schema.enumeration import enumeration

__all__ = ["DeliveryTimeline", "Process", "SpecialRequirement", "SurfaceFinish", "ToleranceClass"]

enumeration(
    Process,
    "How a part gets its shape.",
    CNC_MILLING="Cut from a block by a turning tool.",
    CNC_TURNING="Cut from a turning bar by a resting tool.",
    SHEET_METAL="Cut from a sheet and bent.",
    INJECTION_MOLDING="Plastic pressed into a mould.",
    DIE_CASTING="Molten metal pressed into a mould.",
    SLS_3D_PRINTING="Powder fused layer by layer by a laser (selective laser sintering).",
)
enumeration(
    SurfaceFinish,
    "What is done to a part's surface.",
    AS_MACHINED="Left as the tool leaves it; marks may show.",
    BEAD_BLASTED="Blasted with glass beads: matt and even.",
    ANODIZED="A hard oxide layer grown on the metal.",
    POWDER_COATED="Powder sprayed on and baked to a film.",
    POLISHED="Ground and polished to a mirror.",
)
enumeration(
    ToleranceClass,
    "How closely a part keeps to its drawing.",
    STANDARD="General tolerances, good for most parts.",
    PRECISE="Close tolerances, for parts that fit others.",
    ULTRA_PRECISE="The closest tolerances, each dimension measured.",
)
enumeration(
    DeliveryTimeline,
    "How soon parts are delivered.",
    ECONOMY="When capacity is free, at the lowest price.",
    STANDARD="In the usual time, at the list price.",
    EXPRESS="Ahead of other orders, at a surcharge.",
)
enumeration(
    SpecialRequirement,
    "What must be proven or done beyond the drawing.",
    CERTIFICATE_OF_CONFORMANCE="A signed statement that the parts meet the order.",
    FIRST_ARTICLE_INSPECTION="The first part measured in full before the others are made.",
    ITAR="Made under the United States' arms export rules (ITAR).",
    ROHS="Free of the substances that the European RoHS directive restricts.",
    MATERIAL_TRACEABILITY="The metal's origin documented down to its batch.",
    HEAT_TREATMENT="Hardened or stress relieved after machining.",
)
