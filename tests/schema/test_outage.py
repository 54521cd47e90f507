"""Outage: a store that is down takes its own fields with it and nothing else."""

from pathlib import Path

from datasources.embedded import postgresql
from datasources.embedded.data_folder import hold_data_folder
from datasources.embedded.wheel import silent
from datasources.postgres import migrate
from tests.databases import StoreSettings
from tests.datasources.mongo.documents import log
from tests.schema.workshop import CALCULATION_ID, Workshop, enter, failures, furnish

QUESTION = """
query ($id: ID!) {
  calculation(id: $id) { quantity materialProperties { pricePerKg } }
  material(name: "aluminum_6061") { name trends(days: 1) { count } }
  logs(first: 1) { nodes { message } }
  logStatistics { count }
  pricingTrends(material: "steel_4140") { count }
}
"""


async def test_without_mongodb_the_other_stores_still_answer(workshop: Workshop) -> None:
    async with enter(workshop.settings_apart(down="mongodb")) as partly:
        answer = await partly.ask(QUESTION, id=CALCULATION_ID)

    assert answer.data == {
        "calculation": {"quantity": 4, "materialProperties": {"pricePerKg": "4.2000"}},
        "material": {"name": "aluminum_6061", "trends": None},
        "logs": None,
        "logStatistics": None,
        "pricingTrends": None,
    }
    assert {kind for kind, _ in failures(answer).values()} == {"STORE_UNAVAILABLE"}
    assert len(answer.errors) == 4


async def test_without_redis_the_database_gives_the_materials(workshop: Workshop) -> None:
    async with enter(workshop.settings_apart(down="redis")) as partly:
        data = await partly.data('{ material(name: "steel_4140") { name freshness { source } } }')

    assert data["material"] == {"name": "steel_4140", "freshness": {"source": "DATABASE"}}


async def test_without_postgresql_materials_are_shown_stale_and_say_so(
    workshop: Workshop, data_dir: Path
) -> None:
    question = """{
      known: material(name: "aluminum_6061") { pricePerKg freshness { source } }
      never: material(name: "steel_4140") { pricePerKg }
      materials { nodes { name } }
      pricingTrends(material: "aluminum") { count }
      logs(filter: {traceId: "an outage"}) { nodes { message } }
    }"""
    await workshop.keep("application_logs", log(trace_id="an outage", message="still here"))
    apart = workshop.settings_apart()
    redis = apart.redis.model_copy(update={"material_ttl_seconds": 0.001})
    async with hold_data_folder(data_dir, fresh=False) as folder:
        server, url = await postgresql.start(folder, silent, durable=False)
        postgres = apart.postgres.model_copy(update={"url": url})
        await migrate.up(postgres)
        await furnish(postgres)
        async with enter(StoreSettings(postgres, apart.mongo, redis)) as private:
            await private.data(
                '{ a: material(name: "aluminum_6061") { name } b: material(name: "aluminum") { name } }'
            )
            await server.stop()

            answer = await private.ask(question)

    assert answer.data == {
        "known": {"pricePerKg": "4.2000", "freshness": {"source": "STALE"}},
        "never": None,
        "materials": None,
        "pricingTrends": None,
        "logs": {"nodes": [{"message": "still here"}]},
    }
    assert {key: kind for key, (kind, _) in failures(answer).items()} == {
        "never": "STORE_UNAVAILABLE",
        "materials": "STORE_UNAVAILABLE",
        "pricingTrends": "UNKNOWN_MATERIAL",
    }
    assert failures(answer)["pricingTrends"][1] == (
        "There is no material 'aluminum'. The materials field lists them all."
    )


async def test_a_material_that_cannot_be_looked_up_is_not_called_unknown(
    workshop: Workshop,
) -> None:
    async with enter(workshop.settings_apart(down="postgresql")) as partly:
        answer = await partly.ask('{ pricingTrends(material: "steel_4140", days: 1) { count } }')

    assert answer.data == {"pricingTrends": None}
    assert failures(answer)["pricingTrends"][0] == "STORE_UNAVAILABLE"
