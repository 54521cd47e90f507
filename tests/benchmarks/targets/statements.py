"""Statements: each workload's answer as PostgreSQL writes it, by hand and for that workload alone."""

# ruff: noqa: S608  # every piece of these statements is written here


def _id(type_name: str, key: str = "id") -> str:
    text = f"encode(convert_to('{type_name}:' || {key}, 'UTF8'), 'base64')"
    return f"translate({text}, E'+/=\\n', '-_')"


def _instant(column: str) -> str:
    text = f"""to_char({column}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    return f"replace({text}, '.000000Z', 'Z')"


def _upper(column: str) -> str:
    return f"upper({column})"


_PROCESS = "CASE process WHEN '3d_printing_sls' THEN 'SLS_3D_PRINTING' ELSE upper(process) END"
_CUSTOMER = f"""'id', {_id("Customer")}, 'companyName', company_name, 'tier', {_upper("tier")}"""
_SUMMARY = f"""'id', {_id("PricingCalculation")}, 'material', material, 'quantity', quantity,
    'process', {_PROCESS}, 'totalPrice', total_price::text, 'createdAt', {_instant("created_at")}"""

POINT_READ = f"""
SELECT json_build_object({_CUSTOMER}, 'createdAt', {_instant("created_at")})::text
FROM customers WHERE id = $1"""

PAGE = f"""
SELECT json_build_object('nodes', json_agg(json_build_object({_CUSTOMER}, 'calculations',
    json_build_object('nodes', own.nodes)) ORDER BY created_at DESC, id DESC))::text
FROM (SELECT * FROM customers ORDER BY created_at DESC, id DESC LIMIT 50) AS customer
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object({_SUMMARY},
        'costComponents', component.listed, 'materialProperties', properties.shown)
        ORDER BY created_at DESC, id DESC), '[]') AS nodes
    FROM (SELECT * FROM pricing_calculations WHERE customer_id = customer.id
        ORDER BY created_at DESC, id DESC LIMIT 10) AS calculation
    CROSS JOIN LATERAL (SELECT coalesce(json_agg(json_build_object(
            'componentType', upper(component_type), 'description', description,
            'unitCost', unit_cost::text, 'quantity', quantity::text, 'totalCost', total_cost::text)
            ORDER BY component_type, id), '[]') AS listed
        FROM cost_components WHERE calculation_id = calculation.id) AS component
    LEFT JOIN LATERAL (SELECT json_build_object('name', name, 'category', category,
            'densityGPerCm3', density_g_per_cm3::text, 'pricePerKg', price_per_kg::text) AS shown
        FROM materials WHERE name = calculation.material) AS properties ON true
) AS own"""

CALCULATIONS = f"""
SELECT json_build_object('nodes', json_agg(json_build_object({_SUMMARY},
    'geometricComplexityScore', geometric_complexity_score::text,
    'surfaceFinish', upper(surface_finish), 'toleranceClass', upper(tolerance_class),
    'specialRequirements', upper(special_requirements::text)::text[],
    'deliveryTimeline', upper(delivery_timeline), 'rushOrder', rush_order,
    'pricePerUnit', price_per_unit::text, 'estimatedWeightKg', estimated_weight_kg::text,
    'updatedAt', {_instant("updated_at")}, 'costBreakdown', json_build_object(
        'materialCost', cost_breakdown->'material_cost', 'laborCost', cost_breakdown->'labor_cost',
        'setupCost', cost_breakdown->'setup_cost', 'overheadCost', cost_breakdown->'overhead_cost',
        'totalCost', cost_breakdown->'total_cost')) ORDER BY created_at DESC, id DESC))::text
FROM (SELECT * FROM pricing_calculations ORDER BY created_at DESC, id DESC LIMIT 1000) AS calculation"""

DASHBOARD = f"""
SELECT json_build_object({_CUSTOMER}, 'createdAt', {_instant("created_at")},
    'calculations', json_build_object('nodes', own.nodes))::text,
    (SELECT json_build_object('name', name, 'category', category,
        'densityGPerCm3', density_g_per_cm3::text, 'tensileStrengthMpa', tensile_strength_mpa::text,
        'pricePerKg', price_per_kg::text)::text FROM materials WHERE name = $2)
FROM customers AS customer
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object({_SUMMARY}) ORDER BY created_at DESC, id DESC),
        '[]') AS nodes
    FROM (SELECT * FROM pricing_calculations WHERE customer_id = customer.id
        ORDER BY created_at DESC, id DESC LIMIT 10) AS calculation
) AS own WHERE id = $1"""
