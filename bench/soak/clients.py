"""Sends the requests named on standard input by Python's clients and prints what each could read."""
import http.client
import json
import sys
from urllib.parse import urlsplit

try:
    import requests
except ImportError:
    requests = None


def by_http_client(case, body):
    url = urlsplit(case["url"])
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    try:
        connection.request(case["method"], url.path, body, case["headers"])
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def by_requests(case, body):
    session = requests.Session()
    session.trust_env = False
    answer = session.request(
        case["method"], case["url"], data=body, headers=case["headers"], timeout=60
    )
    return answer.status_code, answer.content


clients = {"python http.client": by_http_client}
if requests is not None:
    clients["python requests"] = by_requests

for line in sys.stdin:
    case = json.loads(line)
    body = b"1" * case["bytes"]
    for name, send in clients.items():
        try:
            status, content = send(case, body)
            text = content.decode("utf-8", "replace")
        except Exception as error:
            status, text = 0, repr(error)
        print(json.dumps({"client": name, "status": status, "text": text[:2000]}), flush=True)
