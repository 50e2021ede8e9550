"""The Price List API and Service Quotas, which moto does not have, as far as muster asks them.

    fake = PriceList({("eu-central-1", "c5.large"): "0.0970000000"}).start()
    ... fake.url ... fake.asked (region and type of every question) ...
    fake.stop()

A price may also be a list of whole products, as AWS writes them.
"""

import http.server
import json
import threading


def product(region, type_, usd, **attributes):
    """One entry of PriceList, in the shape of AWS's own (shortened): a document written as a text."""
    sku = "ABCDEFGHJKLMNPQR"
    term, rate = sku + ".JRTCKXETXF", sku + ".JRTCKXETXF.6YS6EN2CT7"
    reserved = sku + ".4NA7Y494T4"
    return json.dumps({
        "product": {
            "productFamily": "Compute Instance",
            "attributes": {"instanceType": type_, "regionCode": region, "operatingSystem": "Linux",
                           "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used",
                           "operation": "RunInstances", "usagetype": "EUC1-BoxUsage:" + type_,
                           "servicecode": "AmazonEC2"} | attributes,
            "sku": sku},
        "serviceCode": "AmazonEC2",
        "terms": {
            "OnDemand": {term: {
                "priceDimensions": {rate: {
                    "unit": "Hrs", "endRange": "Inf", "beginRange": "0", "appliesTo": [], "rateCode": rate,
                    "description": f"${usd} per On Demand Linux {type_} Instance Hour",
                    "pricePerUnit": {"USD": usd}}},
                "sku": sku, "effectiveDate": "2026-11-01T00:00:00Z", "offerTermCode": "JRTCKXETXF",
                "termAttributes": {}}},
            "Reserved": {reserved: {
                "priceDimensions": {reserved + ".6YS6EN2CT7": {"unit": "Hrs", "pricePerUnit": {"USD": "0.0010000000"}}},
                "sku": sku, "termAttributes": {"LeaseContractLength": "1yr"}}}},
        "version": "20261101000000", "publicationDate": "2026-11-01T00:00:00Z"})


class PriceList:
    def __init__(self, prices=None, quota=64.0):
        self.prices = prices or {}
        self.quota = quota
        self.asked = []
        self.refusal = None  # "AccessDeniedException": every question is answered so
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = outer.answer(self.headers["X-Amz-Target"], body)
                refusal = answer.pop("refusal", None)
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("x-amzn-RequestId", "3f1f7f2c-0000-0000-0000-fake")
                if refusal:  # as some services do: what it is stands in a header only
                    self.send_header("x-amzn-ErrorType", refusal + ":http://internal.amazon.com/coral/")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def start(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, target, body):
        if self.refusal:
            return 400, {"refusal": self.refusal, "Message": "not you"}
        if target == "ServiceQuotasV20190624.GetServiceQuota":
            return 200, {"Quota": {"ServiceCode": "ec2", "QuotaCode": body["QuotaCode"], "Value": self.quota}}
        if target != "AWSPriceListService.GetProducts":
            return 400, {"__type": "UnknownOperationException"}
        wanted = {f["Field"]: f["Value"] for f in body["Filters"]}
        key = (wanted["regionCode"], wanted["instanceType"])
        self.asked.append(key)
        found = self.prices.get(key, [])
        if isinstance(found, str):
            found = [product(*key, found)]
        return 200, {"FormatVersion": "aws_v1", "PriceList": found}
