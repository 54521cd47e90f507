"""Create users, customers, materials, pricing_calculations and cost_components."""

from alembic import op

revision = "0001"
down_revision = None

USERS = (
    """CREATE TABLE users (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    email TEXT NOT NULL,
    hashed_password TEXT NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key UNIQUE (email)
)""",
)

CUSTOMERS = (
    """CREATE TABLE customers (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    user_id UUID NOT NULL,
    company_name TEXT COLLATE "C" NOT NULL,
    tier TEXT DEFAULT 'standard' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT customers_pkey PRIMARY KEY (id),
    CONSTRAINT customers_tier_check
        CHECK (tier IN ('standard', 'premium', 'enterprise')),
    CONSTRAINT customers_company_name_check
        CHECK (char_length(company_name) BETWEEN 1 AND 200),
    CONSTRAINT customers_user_id_fkey
        FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
)""",
    """CREATE INDEX customers_company_name_id_idx
    ON customers (company_name, id)""",
    """CREATE INDEX customers_company_name_search_idx
    ON customers USING gin (to_tsvector('simple', company_name))""",
    """CREATE INDEX customers_created_at_id_idx
    ON customers (created_at DESC, id DESC)""",
    """CREATE INDEX customers_user_id_idx
    ON customers (user_id)""",
)

MATERIALS = (
    """CREATE TABLE materials (
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    density_g_per_cm3 NUMERIC(10, 4) NOT NULL,
    tensile_strength_mpa NUMERIC(10, 3) CONSTRAINT materials_tensile_strength_mpa_check
        CHECK (tensile_strength_mpa >= 0),
    yield_strength_mpa NUMERIC(10, 3) CONSTRAINT materials_yield_strength_mpa_check
        CHECK (yield_strength_mpa >= 0),
    hardness_hb NUMERIC(10, 3) CONSTRAINT materials_hardness_hb_check
        CHECK (hardness_hb >= 0),
    melting_point_celsius NUMERIC(10, 3),
    thermal_conductivity_w_per_m_k NUMERIC(10, 4) NOT NULL,
    machinability_percent NUMERIC(10, 3) CONSTRAINT materials_machinability_percent_check
        CHECK (machinability_percent >= 0),
    price_per_kg NUMERIC(12, 4) NOT NULL,
    currency TEXT DEFAULT 'USD' NOT NULL,
    source TEXT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT materials_pkey PRIMARY KEY (name),
    CONSTRAINT materials_name_check
        CHECK (name ~ '^[a-z0-9]+(_[a-z0-9]+)*$'),
    CONSTRAINT materials_density_g_per_cm3_check
        CHECK (density_g_per_cm3 > 0),
    CONSTRAINT materials_thermal_conductivity_w_per_m_k_check
        CHECK (thermal_conductivity_w_per_m_k >= 0),
    CONSTRAINT materials_price_per_kg_check
        CHECK (price_per_kg >= 0),
    CONSTRAINT materials_currency_check
        CHECK (currency ~ '^[A-Z]{3}$')
)""",
    """CREATE INDEX materials_category_name_idx
    ON materials (category, name)""",
)

PRICING_CALCULATIONS = (
    """CREATE TABLE pricing_calculations (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    customer_id UUID NOT NULL,
    material TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    dimensions JSONB NOT NULL,
    geometric_complexity_score NUMERIC(3, 2) NOT NULL,
    process TEXT NOT NULL,
    surface_finish TEXT NOT NULL,
    tolerance_class TEXT NOT NULL,
    special_requirements TEXT[] DEFAULT '{}' NOT NULL,
    delivery_timeline TEXT NOT NULL,
    rush_order BOOLEAN DEFAULT false NOT NULL,
    cost_breakdown JSONB NOT NULL,
    pricing_tiers JSONB DEFAULT '[]' NOT NULL,
    total_price NUMERIC(14, 4)
        GENERATED ALWAYS AS ((cost_breakdown ->> 'total_cost')::numeric) STORED NOT NULL,
    price_per_unit NUMERIC(14, 4)
        GENERATED ALWAYS AS ((cost_breakdown ->> 'total_cost')::numeric / quantity) STORED NOT NULL,
    estimated_weight_kg NUMERIC(10, 4) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pricing_calculations_pkey PRIMARY KEY (id),
    CONSTRAINT pricing_calculations_quantity_check
        CHECK (quantity > 0),
    CONSTRAINT pricing_calculations_dimensions_check
        CHECK (coalesce((dimensions ->> 'length_mm')::numeric, 0) > 0
            AND coalesce((dimensions ->> 'width_mm')::numeric, 0) > 0
            AND coalesce((dimensions ->> 'height_mm')::numeric, 0) > 0),
    CONSTRAINT pricing_calculations_geometric_complexity_score_check
        CHECK (geometric_complexity_score BETWEEN 1 AND 5),
    CONSTRAINT pricing_calculations_process_check
        CHECK (process IN ('cnc_milling', 'cnc_turning', 'sheet_metal', 'injection_molding',
            'die_casting', '3d_printing_sls')),
    CONSTRAINT pricing_calculations_surface_finish_check
        CHECK (surface_finish IN ('as_machined', 'bead_blasted', 'anodized', 'powder_coated', 'polished')),
    CONSTRAINT pricing_calculations_tolerance_class_check
        CHECK (tolerance_class IN ('standard', 'precise', 'ultra_precise')),
    CONSTRAINT pricing_calculations_delivery_timeline_check
        CHECK (delivery_timeline IN ('economy', 'standard', 'express')),
    CONSTRAINT pricing_calculations_special_requirements_check
        CHECK (special_requirements <@ ARRAY['certificate_of_conformance', 'first_article_inspection',
            'itar', 'rohs', 'material_traceability', 'heat_treatment']),
    CONSTRAINT pricing_calculations_pricing_tiers_check
        CHECK (jsonb_typeof(pricing_tiers) = 'array'),
    CONSTRAINT pricing_calculations_total_price_check
        CHECK (total_price >= 0 AND total_price <> 'NaN'),
    CONSTRAINT pricing_calculations_estimated_weight_kg_check
        CHECK (estimated_weight_kg >= 0),
    CONSTRAINT pricing_calculations_customer_id_fkey
        FOREIGN KEY (customer_id) REFERENCES customers (id),
    CONSTRAINT pricing_calculations_material_fkey
        FOREIGN KEY (material) REFERENCES materials (name)
)""",
    """CREATE INDEX pricing_calculations_created_at_id_idx
    ON pricing_calculations (created_at DESC, id DESC)""",
    """CREATE INDEX pricing_calculations_customer_id_created_at_id_idx
    ON pricing_calculations (customer_id, created_at DESC, id DESC)""",
    """CREATE INDEX pricing_calculations_dimensions_idx
    ON pricing_calculations USING gin (dimensions)""",
    """CREATE INDEX pricing_calculations_material_created_at_id_idx
    ON pricing_calculations (material, created_at DESC, id DESC)""",
    """CREATE INDEX pricing_calculations_pricing_tiers_idx
    ON pricing_calculations USING gin (pricing_tiers)""",
    """CREATE INDEX pricing_calculations_process_idx
    ON pricing_calculations (process)""",
    """CREATE INDEX pricing_calculations_quantity_id_idx
    ON pricing_calculations (quantity, id)""",
    """CREATE INDEX pricing_calculations_special_requirements_idx
    ON pricing_calculations USING gin (special_requirements)""",
    """CREATE INDEX pricing_calculations_total_price_id_idx
    ON pricing_calculations (total_price, id)""",
)

COST_COMPONENTS = (
    """CREATE TABLE cost_components (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    calculation_id UUID NOT NULL,
    component_type TEXT NOT NULL,
    description TEXT NOT NULL,
    unit_cost NUMERIC(12, 4) NOT NULL,
    quantity NUMERIC(10, 4) NOT NULL,
    total_cost NUMERIC(12, 4) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT cost_components_pkey PRIMARY KEY (id),
    CONSTRAINT cost_components_component_type_check
        CHECK (component_type IN ('material', 'labor', 'setup', 'overhead')),
    CONSTRAINT cost_components_unit_cost_check
        CHECK (unit_cost >= 0),
    CONSTRAINT cost_components_quantity_check
        CHECK (quantity >= 0),
    CONSTRAINT cost_components_total_cost_check
        CHECK (total_cost >= 0),
    CONSTRAINT cost_components_calculation_id_fkey
        FOREIGN KEY (calculation_id) REFERENCES pricing_calculations (id) ON DELETE CASCADE
)""",
    """CREATE INDEX cost_components_calculation_id_component_type_id_idx
    ON cost_components (calculation_id, component_type, id)""",
)


def upgrade() -> None:
    for statements in (USERS, CUSTOMERS, MATERIALS, PRICING_CALCULATIONS, COST_COMPONENTS):
        for statement in statements:
            op.execute(statement)


def downgrade() -> None:
    for table in ("cost_components", "pricing_calculations", "materials", "customers", "users"):
        op.execute(f"DROP TABLE {table}")
