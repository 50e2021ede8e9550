"""HTTP/2 over TLS with a server that offers it (python-h2, which nobody here wrote): long answers in small frames,
streams that the server ends; and HTTP/1.1 with one that does not."""

import datetime
import ipaddress
import os
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

h2 = pytest.importorskip("h2")

import h2.config  # noqa: E402
import h2.connection  # noqa: E402
import h2.events  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.x509.oid import NameOID  # noqa: E402

PROBE = Path(os.environ.get("BUILD", "build")) / "probes" / "aws_probe"
LONG = b"<DescribeRegionsResponse>" + b"<a>0123456789</a>" * 20000 + b"</DescribeRegionsResponse>"


def certificate(folder):
    """Self-signed, for 127.0.0.1; one file with key and certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(1).not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .sign(key, hashes.SHA256()))
    path = folder / "cert.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return str(path)


class Server:
    """Answers every request with `answer`, over HTTP/2 only. `ends`: so many streams are reset first."""

    def __init__(self, cert, offers, answer=b"<X/>", ends=0):
        self.answer, self.ends = answer, ends
        self.connections, self.spoken, self.requests = 0, [], []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert)
        context.set_alpn_protocols(offers)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.socket.getsockname()[1]}"
        self.context = context
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
                self.connections += 1
                tls = self.context.wrap_socket(client, server_side=True)
                self.spoken.append(tls.selected_alpn_protocol())
                serve = self.serve if self.spoken[-1] == "h2" else self.serve_old
                threading.Thread(target=serve, args=(tls,), daemon=True).start()
            except ssl.SSLError:
                pass
            except OSError:
                return

    def serve_old(self, tls):
        with tls, tls.makefile("rb") as lines:
            length = 0
            while (line := lines.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            lines.read(length)
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(self.answer)
                        + self.answer)

    def serve(self, tls):
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        tls.sendall(connection.data_to_send())
        left = {}
        try:
            while data := tls.recv(65536):
                for event in connection.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        self.requests.append({k.decode(): v.decode() for k, v in event.headers})
                    elif isinstance(event, h2.events.DataReceived):
                        connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, h2.events.StreamEnded) and self.ends > 0:
                        self.ends -= 1
                        connection.reset_stream(event.stream_id, error_code=2)  # INTERNAL_ERROR
                    elif isinstance(event, h2.events.StreamEnded):
                        connection.send_headers(event.stream_id, [(":status", "200"), ("content-type", "text/xml")])
                        left[event.stream_id] = self.answer
                for stream in list(left):
                    while left[stream] and (room := min(connection.local_flow_control_window(stream), 997)) > 0:
                        piece, left[stream] = left[stream][:room], left[stream][room:]
                        connection.send_data(stream, piece)
                    if not left[stream]:
                        connection.end_stream(stream)
                        del left[stream]
                tls.sendall(connection.data_to_send())
        except OSError:
            pass  # whoever asked has gone

    def stop(self):
        self.socket.close()


@pytest.fixture
def server(tmp_path):
    made = []

    def make(**settings):
        made.append(Server(certificate(tmp_path), **settings))
        made[-1].cert = str(tmp_path / "cert.pem")
        return made[-1]

    yield make
    for each in made:
        each.stop()


def call(server):
    environment = {**os.environ, "AWS_ENDPOINT_URL": server.url, "AWS_CA_BUNDLE": server.cert,
                   "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret"}
    return subprocess.run([PROBE, "call", "ec2", "eu-central-1", "DescribeRegions", "query", "",
                           "Action=DescribeRegions&Version=2016-11-15"],
                          env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_long_answer_over_http2(server):
    offering = server(offers=["h2", "http/1.1"], answer=LONG)
    answer = call(offering)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.encode() == b"200 \n" + LONG + b"\n"
    assert offering.spoken == ["h2"]
    request = offering.requests[0]
    assert request[":method"] == "POST" and request[":authority"] == offering.url.split("//")[1]
    assert "SignedHeaders=content-type;host;x-amz-date" in request["authorization"]


def test_a_stream_that_the_server_ends_is_asked_for_again(server):
    offering = server(offers=["h2"], ends=1)
    answer = call(offering)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == "200 \n<X/>\n" and len(offering.requests) == 2


def test_streams_that_always_end_are_unknown(server):
    offering = server(offers=["h2"], ends=99)
    answer = call(offering)
    assert answer.returncode == 1 and answer.stderr.splitlines()[-1].startswith("unknown: EC2 DescribeRegions")


def test_http_1_where_nothing_else_is_offered(server):
    old = server(offers=["http/1.1"], answer=LONG)
    answer = call(old)
    assert answer.returncode == 0 and answer.stdout.encode() == b"200 \n" + LONG + b"\n"
    assert old.spoken == ["http/1.1"]


def test_a_certificate_of_nobody_is_not_taken(server, tmp_path):
    offering = server(offers=["h2"])
    (tmp_path / "other").mkdir()
    offering.cert = certificate(tmp_path / "other")
    answer = call(offering)
    assert answer.returncode == 1 and "certificate" in answer.stderr and not offering.requests
