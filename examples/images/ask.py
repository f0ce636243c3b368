# Python's own urllib, no dependency and no setting: asks for the list of models and prints its ids.
import json
import urllib.request

request = urllib.request.Request(
    "https://api.openai.com/v1/models", headers={"Authorization": "Bearer placeholder"}
)
with urllib.request.urlopen(request, timeout=60) as response:
    body = json.load(response)
    print(response.status, " ".join(model["id"] for model in body["data"]))
