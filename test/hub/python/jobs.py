"""What the official client does with jobs, told as JSON on the last line."""

import json
import sys
import time

from huggingface_hub import HfApi

api = HfApi()
told = {}
python = sys.executable

job = api.run_job(
    image="python:3.12",
    command=[python, "-c", "import os, time\nfor i in range(3): print('step', i, flush=True); time.sleep(0.2)\nprint(os.environ['COLOR'])"],
    env={"COLOR": "green"},
    secrets={"HF_TOKEN": "not shown"},
    labels={"purpose": "test"},
    flavor="t4-small",
    timeout="5m",
)
told["owner"] = job.owner.name
told["logs"] = list(api.fetch_job_logs(job_id=job.id, follow=True))
over = api.inspect_job(job_id=job.id)
told["stage"] = str(over.status.stage.value if hasattr(over.status.stage, "value") else over.status.stage)
told["secrets"] = over.secrets
told["labels"] = over.labels["purpose"]
told["tail"] = list(api.fetch_job_logs(job_id=job.id, tail=1))

long = api.run_job(image="python:3.12", command=[python, "-c", "import time; time.sleep(600)"], labels={"purpose": "long"})
while not list(api.list_jobs(labels={"purpose": "long"}, status="RUNNING")):
    time.sleep(0.05)
api.cancel_job(job_id=long.id)
told["canceled"] = [listed.id == long.id for listed in api.list_jobs(status="CANCELED")]
told["all"] = len(list(api.list_jobs()))
told["hardware"] = {flavor.name: flavor.unit_cost_usd for flavor in api.list_jobs_hardware()}["t4-small"]

print(json.dumps(told))
