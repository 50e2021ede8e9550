"""The Cloud Billing catalogue: what a core and a GiB of memory cost in an hour, among much that is not asked for."""

from .calls import handles
from .refusal import Refusal
from .times import zulu

COMPUTE = "6F81-5844-456A"
AREAS = {"us-central1": "Americas", "us-east1": "Americas", "europe-west1": "Belgium"}
# Billionths of a dollar an hour (2026-07): core and GiB on demand, core and GiB as Spot.
AMERICAS = {"E2": (21811590, 2923530, 13090000, 1754000), "N1 Predefined": (31611000, 4237000, 11150000, 1494000),
            "N2": (31611000, 4237000, 14990000, 2010000), "N2D AMD": (27502000, 3686000, 7960000, 1067000),
            "C3": (34650000, 3938000, 8490000, 965000), "T2D AMD": (27502000, 3686000, 10268000, 1373000)}
EUROPE = {"E2": (23993370, 3216090, 11620000, 1558000), "N1 Predefined": (34773000, 4661000, 14500000, 1944000),
          "N2": (34773000, 4661000, 7630000, 1023000), "N2D AMD": (30253000, 4055000, 13130000, 1760000),
          "C3": (38153120, 4336130, 14570000, 1656000), "T2D AMD": (30253000, 4055000, 9058000, 1211000)}


def sku(number, description, group, usage, regions, nano_usd, unit="h", family="Compute"):
    id_ = f"{number:04X}-{number * 7919 % 65536:04X}-{number * 104729 % 65536:04X}"
    names = {"h": "hour", "GiBy.h": "gibibyte hour", "GiBy.mo": "gibibyte month"}
    return {"name": f"services/{COMPUTE}/skus/{id_}", "skuId": id_, "description": description,
            "category": {"serviceDisplayName": "Compute Engine", "resourceFamily": family, "resourceGroup": group,
                         "usageType": usage},
            "serviceRegions": regions, "serviceProviderName": "Google",
            "geoTaxonomy": {"type": "REGIONAL" if len(regions) == 1 else "MULTI_REGIONAL", "regions": regions},
            "pricingInfo": [{"summary": "", "currencyConversionRate": 1.0, "effectiveTime": zulu(),
                             "pricingExpression": {
                                 "usageUnit": unit, "usageUnitDescription": names[unit], "baseUnit": "s",
                                 "baseUnitDescription": "second", "baseUnitConversionFactor": 3600.0,
                                 "displayQuantity": 1.0,
                                 "tieredRates": [{"startUsageAmount": 0.0, "unitPrice": {
                                     "currencyCode": "USD", "units": str(nano_usd // 10**9),
                                     "nanos": nano_usd % 10**9}}]}}]}


def catalogue(changes):
    """All SKUs. `changes` has (family, area, "core" | "ram", usage type) -> billionths of a dollar."""
    found, number = [], 1

    def add(*arguments, **options):
        nonlocal number
        found.append(sku(number, *arguments, **options))
        number += 1

    for area, table, regions in (("Americas", AMERICAS, ["us-central1", "us-east1"]),
                                 ("Belgium", EUROPE, ["europe-west1"])):
        for family, (core, ram, spot_core, spot_ram) in table.items():
            for usage, prefix, prices in (("OnDemand", "", (core, ram)),
                                          ("Preemptible", "Spot Preemptible ", (spot_core, spot_ram))):
                for part, group, unit, price in (("Core", "CPU", "h", prices[0]), ("Ram", "RAM", "GiBy.h", prices[1])):
                    price = changes.get((family, area, part.lower(), usage), price)
                    add(f"{prefix}{family} Instance {part} running in {area}", "N1Standard" if "N1" in family else group,
                        usage, regions, price, unit=unit)
                    # What must not be taken for it:
                    add(f"{prefix}{family.split()[0]} Custom Instance {part} running in {area}", group, usage, regions,
                        price * 21 // 20, unit=unit)
            short = family.split()[0]
            add(f"Commitment v1: {short} Cpu in {area} for 1 Year", "CPU", "Commit1Yr", regions, core * 63 // 100)
            add(f"Commitment v1: {short} Ram in {area} for 1 Year", "RAM", "Commit1Yr", regions, ram * 63 // 100,
                unit="GiBy.h")
            add(f"{short} Sole Tenancy Instance Core running in {area}", "CPU", "OnDemand", regions, core)
        add(f"Nvidia Tesla T4 GPU running in {area}", "GPU", "OnDemand", regions, 350000000)
        add(f"Storage PD Capacity in {area}", "PDStandard", "OnDemand", regions, 40000000, unit="GiBy.mo",
            family="Storage")
    return found


def pages(call, found, most, key):
    place = int(call.query.get("pageToken") or 0)
    size = min(call.query.get("pageSize") or most, most)
    answer = {key: found[place:place + size], "nextPageToken": ""}
    if place + size < len(found):
        answer["nextPageToken"] = str(place + size)
    return answer


@handles("cloudbilling.services.list")
def services(cloud, call):
    found = [{"name": f"services/{id_}", "serviceId": id_, "displayName": title,
              "businessEntityName": "businessEntities/GCP"}
             for id_, title in (("95FF-2EF5-5EA1", "Cloud Storage"), (COMPUTE, "Compute Engine"),
                                ("A1E8-BE35-7EBC", "Cloud Pub/Sub"))]
    return pages(call, found, cloud.billing_page, "services")


@handles("cloudbilling.services.skus.list")
def skus(cloud, call):
    if call.path["servicesId"] != COMPUTE:
        raise Refusal(404, "notFound", "Requested entity was not found.", layered=True)
    if call.query.get("currencyCode", "USD") != "USD":
        raise Refusal(400, "badRequest", "Only USD is faked.", layered=True)
    return pages(call, catalogue(cloud.price_changes), cloud.billing_page, "skus")
