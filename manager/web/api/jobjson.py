"""Job types, jobs and tasks as Flamenco's API writes them."""

from ...clock import timestamp
from ...jobtypes.jobtype import JobType, Setting
from ...rules.jobs import Job
from ...rules.tags import Tag
from ...rules.tasks import Task
from ...storage.pictures import SIZES

# The folder of a job's logs and pictures, as Flamenco's programs know it.
FILES = "/job-files"


def type_json(type: JobType) -> dict[str, object]:
    return {
        "name": type.name,
        "label": type.label,
        "description": type.description,
        "etag": type.etag,
        "settings": [_setting_json(setting) for setting in type.settings.values()],
    }


def _setting_json(setting: Setting) -> dict[str, object]:
    return {
        "key": setting.key,
        "type": setting.type,
        "required": setting.required,
        "description": setting.description,
        **({"label": setting.label} if setting.label else {}),
        **({"subtype": setting.subtype} if setting.subtype else {}),
        **({"choices": list(setting.choices)} if setting.choices else {}),
        **({"default": setting.default} if setting.default is not None else {}),
        **setting.more,
    }


def job_json(job: Job) -> dict[str, object]:
    """Write a job. `waits`, why nobody may take its tasks, is ours."""
    return {
        "id": job.id,
        "name": job.name,
        "type": job.type,
        "priority": job.priority,
        "status": job.status.value,
        "activity": job.waits or job.activity,
        "settings": dict(job.settings),
        "metadata": dict(job.metadata),
        "submitter_platform": "",
        "created": timestamp(job.created_at),
        "updated": timestamp(job.updated_at),
        "steps_completed": job.steps_completed,
        "steps_total": job.steps_total,
        **({"worker_tag": job.tag.id} if job.tag else {}),
        **({"waits": job.waits} if job.waits else {}),
        **({"storage": dict(job.storage)} if job.storage else {}),
    }


def tag_json(tag: Tag) -> dict[str, object]:
    return {"id": tag.id, "name": tag.name, **({"description": tag.description} if tag.description else {})}


def files_of(job_id: str) -> str:
    """Return the path below which a job's files are served."""
    return f"{FILES}/job-{job_id[:4]}/{job_id}"


def last_rendered_json(job: Job) -> dict[str, object]:
    return {"base": files_of(job.id), "suffixes": list(SIZES)}


def task_summary(task: Task) -> dict[str, object]:
    summary: dict[str, object] = {
        "id": task.id,
        "job_id": task.job_id,
        "name": task.name,
        "status": task.status.value,
        "index_in_job": task.index_in_job,
        "priority": task.priority,
        "task_type": task.type,
        "updated": timestamp(task.updated_at),
        "steps_completed": task.steps_completed,
        "steps_total": task.steps_total,
    }
    if task.worker_id is not None:
        summary["worker"] = {"id": task.worker_id, "name": task.worker_name, "address": task.worker_address}
    return summary
